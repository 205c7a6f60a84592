-- Strikes off one session, and says whether it was there.
-- KEYS: the user's sessions, all expiries. ARGV: the uid, the user.
redis.call('ZREM', KEYS[2], ARGV[1] .. ARGV[2])
return redis.call('HDEL', KEYS[1], ARGV[1])
