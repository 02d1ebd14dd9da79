-- The order of this press is committed: make the numbers here say so, whatever happened to its reservation meanwhile.
--
-- KEYS[1] stock, KEYS[2] bought, KEYS[3] requests: as in reserve.lua
-- KEYS[4] epoch     the warm-up under way, if any
-- ARGV[1] buyer, ARGV[2] key, ARGV[3] quantity, ARGV[4] token: as in reserve.lua
--
-- Returns 1 if the units had to be taken again (a second press with this key had given them back, or Redis had
-- forgotten them), 0 otherwise.
local request = ARGV[1] .. ':' .. ARGV[2]
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('DEL', KEYS[4]) -- whoever warms up may have read the database before this order was in it
    return 0
end
local taken_again = 0
if redis.call('HEXISTS', KEYS[3], request) == 0 then
    redis.call('HINCRBY', KEYS[1], 'left', -tonumber(ARGV[3]))
    redis.call('HINCRBY', KEYS[2], ARGV[1], ARGV[3])
    taken_again = 1
end
redis.call('HSET', KEYS[3], request, ARGV[4] .. ' ' .. ARGV[3] .. ' ordered')
return taken_again
