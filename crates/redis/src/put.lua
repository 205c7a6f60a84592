-- Writes down a session, removes some of what nobody struck off, and answers what there is of its user.
-- KEYS: the user's sessions, all expiries, state. ARGV: the prefix of users' sessions, the uid, the user, the session,
-- the score of its expiry, until when the user's key is kept at least, how long after an expiry it is removed here,
-- and how many digits a number has.
local sessions, expiries, state = KEYS[1], KEYS[2], KEYS[3]
local prefix, uid, user, session, score, keep, grace, digits = unpack(ARGV)

-- The number by which it was added stays.
local before = redis.call('HGET', sessions, uid)
local number = before and string.sub(before, 1, tonumber(digits))
  or string.format('%0' .. digits .. 'd', redis.call('HINCRBY', state, 'added', 1))
redis.call('HSET', sessions, uid, number .. session)
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
return redis.call('HGETALL', sessions)
