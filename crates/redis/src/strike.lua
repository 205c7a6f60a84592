-- Strikes off sessions that have expired; how many were looked at, and how many of these struck off.
-- KEYS: all expiries. ARGV: the prefix of users' sessions, the time as a score and as 20 digits, how many to pass
-- over and how many to look at.
local expiries = KEYS[1]
local prefix, score, now = ARGV[1], ARGV[2], ARGV[3]

local found = redis.call('ZRANGEBYSCORE', expiries, '-inf', score, 'LIMIT', ARGV[4], ARGV[5])
local struck = 0
for _, one in ipairs(found) do
  local sessions, uid = prefix .. string.sub(one, 33), string.sub(one, 1, 32)
  local session = redis.call('HGET', sessions, uid)
  -- A score is not as exact as the times are.
  if not session or string.sub(session, 21, 40) <= now then
    redis.call('HDEL', sessions, uid)
    redis.call('ZREM', expiries, one)
    struck = struck + 1
  end
end
return { #found, struck }
