-- Puts entries if they are what they were taken for, and writes news of them. Where they are already what they are to
-- become, an answer was lost, and it is done.
-- KEYS: state, news, entries. ARGV: a name for the data if it is new, the mark of this step, the epoch, number and
-- mark of a step that is known, how many news to keep, the prefix of entries; then for each entry what it was taken
-- for, what becomes of it (nothing: it stays), and when that expires; then whether it may have been done already.
-- What is not there is taken for nothing.
-- Answers whether it is done, and the entries if not, the last step if so, and whether the known one is of its history.
local state, news = KEYS[1], KEYS[2]
local fresh, mark, kept, prefix = ARGV[1], ARGV[2], ARGV[6], ARGV[7]

local values, as_taken, as_wanted = {}, true, ARGV[#ARGV] == '1'
for at = 3, #KEYS do
  local taken, becomes = ARGV[3 * at - 1], ARGV[3 * at]
  local value = redis.call('GET', KEYS[at]) or ''
  values[at - 2] = value
  as_taken = as_taken and value == taken
  as_wanted = as_wanted and (value == becomes or (becomes == '' and value == taken))
end
if not as_taken and not as_wanted then return { 0, values, '', 0, '', 0 } end

local now = redis.call('HMGET', state, 'epoch', 'news', 'mark')
if not now[2] or (now[2] ~= '0' and redis.call('EXISTS', news) == 0) then
  redis.call('HSET', state, 'epoch', fresh, 'news', 0, 'mark', '')
  redis.call('DEL', news)
  now = { fresh, '0', '' }
end
local same = continues(news, now, { ARGV[3], ARGV[4], ARGV[5] })

local count = tonumber(now[2])
local before = count
for at = 3, #KEYS do
  local becomes, expiry = ARGV[3 * at], ARGV[3 * at + 1]
  if becomes ~= '' and not as_wanted then
    redis.call('SET', KEYS[at], becomes)
    redis.call('PEXPIREAT', KEYS[at], expiry)
    count = count + 1
    local name = string.sub(KEYS[at], #prefix + 1)
    local id = string.format('%d-0', count)
    redis.call('XADD', news, 'MAXLEN', '~', kept, id, 'entry', name, 'value', becomes, 'mark', mark)
  end
end
if count == before then return { 1, {}, now[1], count, now[3] or '', same } end
redis.call('HSET', state, 'news', string.format('%d', count), 'mark', mark)
return { 1, {}, now[1], count, mark, same }
