-- Hand out entries of a journal to a consumer: what another one has left, if there is any, else what is new.
--
-- Whoever takes entries has to settle them (settle.lua). What is not settled after some time is taken for left: its
-- consumer has died, or is slow; nobody can tell, so entries may be worked on twice. What is left is taken over
-- together the first time. If that did not help either, one of them may be what kills its consumers: from then on
-- they are handed out one by one, so that it takes nobody with it.
--
-- KEYS[1] journal   stream, with a consumer group
-- ARGV[1] group, ARGV[2] consumer: who asks
-- ARGV[3] most      so many entries at once
-- ARGV[4] idle      ms after which what was handed out is taken for left
--
-- Returns {times, entries}: how often they have been handed out, this time included; each entry as XRANGE has it
local once, again = {}, nil
for _, left in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[4], '-', '+', ARGV[3])) do
    local entry, _, _, times = unpack(left)
    if times == 1 then
        once[#once + 1] = entry
    else
        again = again or {entry, times}
    end
end
if #once > 0 then
    return {2, redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[4], unpack(once))}
end
if again then
    return {again[2] + 1, redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[4], again[1])}
end
local new = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], '>')
return {1, new and new[1][2] or {}}
