-- Records revocations, and writes news of those that changed anything. Without an entry: what the state is.
-- KEYS: state, news, entries. ARGV: a name for the data if it is new, how many news to keep, the last time at which
-- a key can expire, the prefix of entries, then the two times of each entry. Times have 20 digits each, so that they
-- compare as text: numbers of Lua are too short.
local state, news = KEYS[1], KEYS[2]
local fresh, kept, last, prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local count = redis.call('HGET', state, 'news')
if not count or (count ~= '0' and redis.call('EXISTS', news) == 0) then
  redis.call('DEL', news)
  redis.call('HSET', state, 'epoch', fresh, 'news', 0)
end

local function later(one, other)
  if one < other then return other end
  return one
end

for at = 3, #KEYS do
  local key = KEYS[at]
  local before, till = ARGV[2 * at - 1], ARGV[2 * at]
  local old = redis.call('GET', key)
  if old and #old == 40 then
    before = later(before, string.sub(old, 1, 20))
    till = later(till, string.sub(old, 21))
  end
  if old ~= before .. till then
    redis.call('SET', key, before .. till)
    local expiry = till
    if expiry > last then expiry = last end
    redis.call('PEXPIREAT', key, (string.gsub(expiry, '^0+(%d)', '%1')))
    local id = string.format('%d-0', redis.call('HINCRBY', state, 'news', 1))
    local name = string.sub(key, #prefix + 1)
    redis.call('XADD', news, 'MAXLEN', '~', kept, id, 'entry', name, 'times', before .. till)
  end
end

return redis.call('HMGET', state, 'epoch', 'news')
