-- Removes sharers that have run out, and news that everybody has read.
-- KEYS: state, sharers, news. ARGV: the time in 20 digits, and the first of the news that are kept, or nothing.
local state, sharers, news = KEYS[1], KEYS[2], KEYS[3]
local by, first_kept = ARGV[1], ARGV[2]

-- First what makes room.
if first_kept ~= '' then redis.call('XTRIM', news, 'MINID', first_kept) end
local all = redis.call('HGETALL', sharers)
for at = 1, #all, 2 do
  if string.sub(all[at + 1], 1, 20) <= by then redis.call('HDEL', sharers, all[at]) end
end
redis.call('HSET', state, 'purged_to', by)
