-- A worker begins on a ticket, or begins again after one that died: the ticket goes from queued to working.
--
-- KEYS[1] ticket    as in reserve.lua
-- ARGV[1] channel, ARGV[2] ticket's id: what to tell whoever waits for it
--
-- Returns {buyer, key, quantity, at, runs}, runs counting this one; nil if there is no such ticket or it has ended
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'queued' and state ~= 'working' then
    return false
end
local runs = redis.call('HINCRBY', KEYS[1], 'runs', 1)
if state == 'queued' then
    redis.call('HSET', KEYS[1], 'state', 'working')
    redis.call('PUBLISH', ARGV[1], ARGV[2])
end
local ticket = redis.call('HMGET', KEYS[1], 'buyer', 'key', 'quantity', 'at')
ticket[5] = tostring(runs)
return ticket
