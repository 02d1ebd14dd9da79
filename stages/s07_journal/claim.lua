-- Take over entries that another consumer has left: they were handed out to it, and not settled (settle.lua) for so
-- long that it is taken for dead. It may only be slow: so entries may be worked on twice, even at the same time.
--
-- Entries that were handed out once are taken over together. If that did not help, one of them may be what kills its
-- consumers: from then on they are taken over one by one, so that it takes no other with it.
--
-- KEYS[1] journal   stream, with a consumer group
-- ARGV[1] group, ARGV[2] consumer: who takes over
-- ARGV[3] most      so many entries at once
-- ARGV[4] idle      ms after which a consumer is taken for dead
--
-- Returns {times, entries}: how often they have been handed out, this time included, and each entry as XRANGE has it.
-- No entries: nobody has left any.
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
return {0, {}}
