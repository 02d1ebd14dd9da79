-- Take the units of one press off the shelf, once, however often it is sent. Right as it is.
--
-- KEYS[1] stock     units left
-- KEYS[2] orders    hash: "buyer:key" -> the order's number
-- ARGV[1] buyer
-- ARGV[2] key       the press's
-- ARGV[3] units
-- ARGV[4] number    of the order, should there be one
--
-- Returns {'ordered', number}, or {'sold_out'}: then nothing has changed.
local told = redis.call('HGET', KEYS[2], ARGV[1] .. ':' .. ARGV[2])
if told then
    return {'ordered', told}
end
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[3]) then
    return {'sold_out'}
end
redis.call('DECRBY', KEYS[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1] .. ':' .. ARGV[2], ARGV[4])
return {'ordered', ARGV[4]}
