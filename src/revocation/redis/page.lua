-- The last step, whether one that is known is of its history, and the news behind a number, as they are at one time.
-- KEYS: state, news. ARGV: epoch, number and mark of the step that is known, the first number that is asked for, and
-- how many.
local state, news = KEYS[1], KEYS[2]
local now = redis.call('HMGET', state, 'epoch', 'news', 'mark')
local same = continues(news, now, { ARGV[1], ARGV[2], ARGV[3] })
local found = {}
if same == 1 and tonumber(ARGV[4]) <= tonumber(now[2]) then
  found = redis.call('XRANGE', news, ARGV[4] .. '-0', '+', 'COUNT', ARGV[5])
end
return { same, tonumber(now[2] or 0), now[3] or '', found }
