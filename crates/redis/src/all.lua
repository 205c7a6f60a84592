-- All that is in a hash.
-- KEYS: the hash.
return redis.call('HGETALL', KEYS[1])
