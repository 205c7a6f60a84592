-- Writes down a session, and removes some of what nobody struck off.
-- KEYS: the user's sessions, all expiries. ARGV: the prefix of users' sessions, the uid, the user, the session, the
-- score of its expiry, until when the user's key is kept at least, and how long after an expiry it is removed here.
local sessions, expiries = KEYS[1], KEYS[2]
local prefix, uid, user, session, score, keep, grace = unpack(ARGV)

redis.call('HSET', sessions, uid, session)
redis.call('ZADD', expiries, score, uid .. user)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local left = redis.call('PTTL', sessions)
if left < 0 or now + left < tonumber(keep) then
  redis.call('PEXPIREAT', sessions, keep)
end

local limit = string.format('%.0f', now - grace)
for _, old in ipairs(redis.call('ZRANGEBYSCORE', expiries, '-inf', limit, 'LIMIT', 0, 10)) do
  redis.call('HDEL', prefix .. string.sub(old, 33), string.sub(old, 1, 32))
  redis.call('ZREM', expiries, old)
end
