-- Writes down who shares the list, and does what recording does, with a key that is gone afterwards: where a right is
-- missing, that shows before a logout fails.
-- KEYS: sharers, a key to try. ARGV: which, and what it says of itself.
local try = KEYS[2]
redis.call('SET', try, '')
redis.call('GET', try)
redis.call('PEXPIREAT', try, 1)
redis.call('XADD', try, 'MAXLEN', '~', 1, '*', 'mark', '')
redis.call('DEL', try)
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
