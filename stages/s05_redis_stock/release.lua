-- Give back what a reservation holds: the units, the buyer's part of the limit, and the press, which may try again.
--
-- KEYS[1] stock, KEYS[2] bought, KEYS[3] requests: as in reserve.lua
-- ARGV[1] buyer, ARGV[2] key: as in reserve.lua
-- ARGV[3] token     of the one who took the units. A second try of the same press did not take them, and gives nothing
--                   back: it cannot know whether the first try, of which nobody heard, has been ordered.
-- ARGV[4] channel, ARGV[5] name: what to tell every process, so that it forgets its sold-out flag
--
-- Returns 1 if it was given back now, 0 if there was nothing to give back: done before, ordered, or not this token.
local request = ARGV[1] .. ':' .. ARGV[2]
local seen = redis.call('HGET', KEYS[3], request)
if not seen or redis.call('EXISTS', KEYS[1]) == 0 then
    return 0
end
local token, quantity, state = string.match(seen, '^(%S+) (%d+) (%a+)$')
if token ~= ARGV[3] or state ~= 'held' then
    return 0
end
redis.call('HDEL', KEYS[3], request)
redis.call('HINCRBY', KEYS[1], 'left', quantity)
if redis.call('HINCRBY', KEYS[2], ARGV[1], -tonumber(quantity)) <= 0 then
    redis.call('HDEL', KEYS[2], ARGV[1])
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
