-- The last step, whether one that is known is of its history, the news behind a number, and what time it is here in
-- milliseconds: all as it is at one time.
-- KEYS: state, news. ARGV: epoch, number and mark of the step that is known, the first number that is asked for, and
-- how many.
local state, news = KEYS[1], KEYS[2]
local now = redis.call('HMGET', state, 'epoch', 'news', 'mark')
local same = continues(news, now, { ARGV[1], ARGV[2], ARGV[3] })
local found = {}
if same == 1 and tonumber(ARGV[4]) <= tonumber(now[2]) then
  found = redis.call('XRANGE', news, ARGV[4] .. '-0', '+', 'COUNT', ARGV[5])
end
local time = redis.call('TIME')
return { same, tonumber(now[2] or 0), now[3] or '', found, time[1] * 1000 + math.floor(time[2] / 1000) }
