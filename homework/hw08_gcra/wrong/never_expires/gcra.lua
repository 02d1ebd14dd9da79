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
local used, ahead, retry = {}, {}, 0
local function limit(i)
    return tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
end
for i = 1, #KEYS do -- times are in 1/count ms: then a unit costs `period`, and what is kept is whole
    local count, period, burst = limit(i)
    used[i] = math.max(0, tonumber(redis.call('GET', KEYS[i]) or 0) - now * count)
    -- More than everything cannot be used up: the clock was set back.
    ahead[i] = used[i] > burst * period
    used[i] = math.min(used[i], burst * period)
    local wait = math.ceil((used[i] + (units - burst) * period) / count)
    if units > burst or retry == -1 then
        retry = -1
    elseif wait > retry then
        retry = wait
    end
end
local remaining, reset = math.huge, 0
for i = 1, #KEYS do
    local count, period, burst = limit(i)
    if retry == 0 then
        used[i] = used[i] + units * period
    end
    if retry == 0 or ahead[i] then -- what is too far ahead would be so at the next look again
        redis.call('SET', KEYS[i], now * count + used[i])
    end
    remaining = math.min(remaining, math.floor((burst * period - used[i]) / period))
    reset = math.max(reset, math.ceil(used[i] / count))
end
return {retry == 0 and 1 or 0, remaining, retry, reset}
