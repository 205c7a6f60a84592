-- Removes sharers that have run out, and news that everybody has read, by a time that goes by the last such time.
-- KEYS: state, sharers, news. ARGV: what the last such time was taken for, the time, in 20 digits each or nothing,
-- and the first of the news that are kept, or nothing. Answers the time that counts.
local state, sharers, news = KEYS[1], KEYS[2], KEYS[3]
local before, by = redis.call('HGET', state, 'purged_to') or '', ARGV[2]
if before ~= ARGV[1] then return before end

-- First what makes room.
if ARGV[3] ~= '' then redis.call('XTRIM', news, 'MINID', ARGV[3]) end
local all = redis.call('HGETALL', sharers)
for at = 1, #all, 2 do
  if string.sub(all[at + 1], 1, 20) <= by then redis.call('HDEL', sharers, all[at]) end
end
redis.call('HSET', state, 'purged_to', by)
return by
