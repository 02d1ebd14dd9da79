-- Let a basket of units through if every limit has room for it, and then count it in every limit; else in none.
--
-- KEYS[i]       what limit i remembers: nothing else is kept, and nothing in another key. How you write it is up to
--               you. It expires when the limit is full again, or up to a second later
-- ARGV[1]       now, unix ms, by the caller's clock
-- ARGV[2]       units: how many are wanted, 1 or more
-- ARGV[3i] count, ARGV[3i + 1] period, ARGV[3i + 2] burst
--               of limit i: `burst` units at once, and `count` more in each `period` (ms). Whole numbers; `count` is
--               1000 at most
--
-- Returns {allowed, remaining, retry_after, reset_after}, whole numbers:
--     allowed       1: all `units` are let through. 0: none of them
--     remaining     so many more units would be let through at this moment
--     retry_after   0 if allowed; else, after so many ms these `units` are let through if nobody comes between, and
--                   not a millisecond sooner; -1 if never
--     reset_after   after so many ms all limits are full again
local now, units = tonumber(ARGV[1]), tonumber(ARGV[2])
local used, retry, remaining, reset = {}, 0, math.huge, 0
for i = 1, #KEYS do
    local period, burst = tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
    local window = math.floor(now / period)
    local number, count = unpack(redis.call('HMGET', KEYS[i], 'window', 'used'))
    used[i] = tonumber(number) == window and tonumber(count) or 0
    if units > burst or retry == -1 then
        retry = -1
    elseif used[i] + units > burst then
        retry = math.max(retry, (window + 1) * period - now)
    end
end
for i = 1, #KEYS do
    local period, burst = tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
    local window = math.floor(now / period)
    if retry == 0 then
        used[i] = used[i] + units
        redis.call('HSET', KEYS[i], 'window', window, 'used', used[i])
        redis.call('PEXPIRE', KEYS[i], (window + 1) * period - now)
    end
    remaining = math.min(remaining, burst - used[i])
    reset = math.max(reset, used[i] > 0 and (window + 1) * period - now or 0)
end
return {retry == 0 and 1 or 0, remaining, retry, reset}
