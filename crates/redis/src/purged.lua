-- By which time was purged last, or nothing, and what time it is here, in milliseconds.
-- KEYS: state.
local time = redis.call('TIME')
return {
  redis.call('HGET', KEYS[1], 'purged_to') or '',
  string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
}
