-- The last step.
-- KEYS: state.
return redis.call('HMGET', KEYS[1], 'epoch', 'news', 'mark')
