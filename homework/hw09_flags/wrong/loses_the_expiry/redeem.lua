-- For the second door, once it is mended: spend what the permit is good for, and take the units, in one step.
--
-- KEYS[1] stock     units left
-- KEYS[2] orders    hash: "buyer:key" -> the order's number
-- KEYS[3] permit    so many more units may the buyer take; expires
-- ARGV[1] buyer, ARGV[2] key, ARGV[3] units, ARGV[4] number: as in sell.lua
--
-- Returns {'ordered', number}, {'sold_out'} or {'no_permit'}: for either of these, nothing has changed.
local told = redis.call('HGET', KEYS[2], ARGV[1] .. ':' .. ARGV[2])
if told then -- first of all: the press itself may have used the permit up
    return {'ordered', told}
end
if tonumber(redis.call('GET', KEYS[3]) or 0) < tonumber(ARGV[3]) then
    return {'no_permit'}
end
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[3]) then
    return {'sold_out'}
end
redis.call('SET', KEYS[3], redis.call('GET', KEYS[3]) - ARGV[3])
redis.call('DECRBY', KEYS[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1] .. ':' .. ARGV[2], ARGV[4])
return {'ordered', ARGV[4]}
