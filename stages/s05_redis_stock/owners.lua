-- Is nothing left? Then who owns something: they alone may have something to ask about.
--
-- KEYS[1] stock, KEYS[2] bought: as in reserve.lua
--
-- Returns the buyers, or nil while something is left.
local left = redis.call('HGET', KEYS[1], 'left')
if not left or tonumber(left) > 0 then
    return false
end
return redis.call('HKEYS', KEYS[2])
