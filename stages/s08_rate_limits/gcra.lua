-- GCRA (generic cell rate algorithm): the token bucket as one number, the time at which the bucket is full again.
--
-- KEYS[1]           string: that time (unix µs), the "theoretical arrival time"
-- ARGV[1] now, ARGV[2] count, ARGV[3] window, ARGV[4] look or take: as in fixed_window.lua
--
-- Returns µs until there is room; 0 if there is. Lets through what the token bucket lets through.
local now, count, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local interval = math.ceil(window / count)
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local wait = full - now - (count - 1) * interval
if wait > 0 then
    return wait
end
if ARGV[4] == 'take' then
    redis.call('SET', KEYS[1], full + interval, 'PX', math.ceil((full + interval - now) / 1000))
end
return 0
