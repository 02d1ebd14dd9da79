-- Fixed window: time is cut into windows, and each has a count of its own.
--
-- KEYS[1]           hash: window (its number since 1970), used
-- ARGV[1] now       unix µs
-- ARGV[2] count, ARGV[3] window (µs): no more than so many presses in so long
-- ARGV[4]           "take": count this press if there is room; "look": count nothing
--
-- Returns µs until there is room; 0 if there is. Lets through twice `count` at once: at the end of a window, and at
-- the beginning of the next.
local now, count, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local this = math.floor(now / window)
local number, used = unpack(redis.call('HMGET', KEYS[1], 'window', 'used'))
used = tonumber(number) == this and tonumber(used) or 0
if used >= count then
    return (this + 1) * window - now
end
if ARGV[4] == 'take' then
    redis.call('HSET', KEYS[1], 'window', this, 'used', used + 1)
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
end
return 0
