-- Writes down who shares the list.
-- KEYS: sharers. ARGV: which, and what it says of itself.
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
