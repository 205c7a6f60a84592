-- Whether a step is one of the history of news: the number of a step alone does not tell, since two servers that
-- went on apart reach the same. `now` is the epoch, number and mark of the last step, `step` those of the one.
local function continues(news, now, step)
  local count, number = tonumber(now[2] or 0), tonumber(step[2])
  if step[1] ~= now[1] or number > count then return 0 end
  if number == 0 then return 1 end
  local mark = now[3] or ''
  if number < count then
    local id = step[2] .. '-0'
    local found = redis.call('XRANGE', news, id, id)[1]
    if not found then return 0 end
    mark = found[2][6] or ''
  end
  return mark == step[3] and 1 or 0
end
