-- Token bucket: a press takes a token out of a bucket that holds `count`, and is filled at `count` in a window.
--
-- KEYS[1]           hash: level (tokens times `window`, so that it is a whole number), at (unix µs of that level)
-- ARGV[1] now, ARGV[2] count, ARGV[3] window, ARGV[4] look or take: as in fixed_window.lua
--
-- Returns µs until there is room; 0 if there is. `count` at once, and as many more in the window after it.
local now, count, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local level, at = unpack(redis.call('HMGET', KEYS[1], 'level', 'at'))
level = level and math.min(count * window, level + (now - at) * count) or count * window
if level < window then
    return math.ceil((window - level) / count)
end
if ARGV[4] == 'take' then
    redis.call('HSET', KEYS[1], 'level', level - window, 'at', now)
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000)) -- by then it is full again
end
return 0
