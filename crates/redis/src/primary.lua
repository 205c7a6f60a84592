-- Before every script: only a primary answers. Whoever may not ask for INFO is answered by whatever this is.
local said = redis.pcall('INFO', 'replication')
if type(said) == 'string' and not string.find(said, 'role:master', 1, true) then
  if string.find(said, 'slave_read_only:0', 1, true) then
    return redis.error_reply('REPLICA that can be written to')
  end
  return redis.error_reply('READONLY replica')
end
