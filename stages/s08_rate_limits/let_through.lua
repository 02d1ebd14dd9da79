-- One press meets every limit that it falls under, in one step: all of them count it, or none does.
--
-- uses now.lua as now
-- uses sliding_log.lua as limit
--
-- KEYS[1] rules     hash: name of a limit -> "count seconds", or "off"; what is not here is as ARGV has it
-- KEYS[2 …]         for each limit, what it remembers: see the algorithm
-- ARGV              the names of the limits, in the order of their keys; then, in that order, their rules
--
-- Returns {} if the press is let through; else {name, count, seconds, µs to wait} of the limit that keeps it longest
local time, n = now(KEYS, ARGV), #KEYS - 1
local rules = redis.call('HMGET', KEYS[1], unpack(ARGV, 1, n))
local asked, longest, refused = {}, 0, {}
for i = 1, n do
    local count, seconds = string.match(rules[i] or ARGV[n + i], '^(%d+) (%d+)$')
    if count then
        local question = {time, count, seconds * 1000000, 'look'}
        local wait = limit({KEYS[i + 1]}, question)
        if wait > longest then
            longest, refused = wait, {ARGV[i], count, seconds, wait}
        end
        asked[KEYS[i + 1]] = question
    end
end
if longest == 0 then
    for key, question in pairs(asked) do
        question[4] = 'take'
        limit({key}, question)
    end
end
return refused
