-- The state, and the next news, as they are at one time.
-- KEYS: state, news. ARGV: the first that is asked for, and how many.
return {
  redis.call('HMGET', KEYS[1], 'epoch', 'news'),
  redis.call('XRANGE', KEYS[2], ARGV[1], '+', 'COUNT', ARGV[2]),
}
