-- Sliding log: every press that was let through is remembered for as long as a window.
--
-- KEYS[1]           sorted set: a name for each press -> when it was let through (unix µs)
-- ARGV[1] now, ARGV[2] count, ARGV[3] window, ARGV[4] look or take: as in fixed_window.lua
--
-- Returns µs until there is room; 0 if there is. Exact: in any window, wherever it begins, `count` at most. Pays with
-- memory for `count` presses.
local now, count, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local used = redis.call('ZCARD', KEYS[1])
if used >= count then -- or more, if the limit was lowered: then the newest `count` of them decide
    local first = redis.call('ZRANGE', KEYS[1], -count, -count, 'WITHSCORES')
    return first[2] + window - now
end
if ARGV[4] == 'take' then
    -- Within one µs the set only grows, so its size makes the name one that no other press has.
    redis.call('ZADD', KEYS[1], now, string.format('%.0f-%d', now, used))
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
end
return 0
