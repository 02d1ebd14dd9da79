-- Sliding counter: two fixed windows; of the one before, the share counts that the last window still covers.
--
-- KEYS[1]           hash: window (its number since 1970), used, before (used in the window before)
-- ARGV[1] now, ARGV[2] count, ARGV[3] window, ARGV[4] look or take: as in fixed_window.lua
--
-- Returns µs until there is room; 0 if there is. A guess: it takes the presses of the window before for evenly
-- spread. If they all came at its end, a window lets through nearly twice `count`, though no more than that at once.
local now, count, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local this = math.floor(now / window)
local gone = now - this * window
local number, used, before = unpack(redis.call('HMGET', KEYS[1], 'window', 'used', 'before'))
number, used, before = tonumber(number), tonumber(used), tonumber(before)
if number == this - 1 then
    used, before = 0, used
elseif number ~= this then
    used, before = 0, 0
end
if used >= count then -- not in this window any more; in the next, `used` is what was before
    return math.ceil(window + window * (1 - (count - 1) / used) - gone)
end
local wait = before > 0 and math.ceil(window * (1 - (count - 1 - used) / before) - gone) or 0
if wait > 0 then
    return wait
end
if ARGV[4] == 'take' then
    redis.call('HSET', KEYS[1], 'window', this, 'used', used + 1, 'before', before)
    redis.call('PEXPIRE', KEYS[1], math.ceil(2 * window / 1000))
end
return 0
