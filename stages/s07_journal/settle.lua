-- What MariaDB has decided about a batch: end the tickets, then acknowledge their entries and take them out of the
-- journal, so that it is as long as what waits. All in one step, after the COMMIT.
--
-- uses ../s06_queue/finish.lua as finish
--
-- KEYS[1] stock, KEYS[2] bought, KEYS[3] requests, KEYS[4] epoch, KEYS[5] open: as in s06's finish.lua
-- KEYS[6] journal   as in reserve.lua
-- KEYS[7] ticket    of the first entry; then that of the second, and so on
-- ARGV[1] group     as in claim.lua
-- ARGV[2] channel, ARGV[3] name, ARGV[4] keep, ARGV[5] channel: as ARGV[5], ARGV[6], ARGV[10], ARGV[11] of finish.lua
-- ARGV[6] entry, ARGV[7] ticket's id, ARGV[8] buyer, ARGV[9] key, ARGV[10] quantity, ARGV[11] token, ARGV[12] state,
-- ARGV[13] answer: of the first entry; then those of the second, and so on
--
-- Returns how many tickets ended now. Those that had ended before stay as they are.
local ended, entries = 0, {}
for i = 7, #KEYS do
    local entry, ticket, buyer, key, quantity, token, state, answer = unpack(ARGV, 8 * (i - 7) + 6, 8 * (i - 7) + 13)
    ended = ended + finish(
        {KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[i]},
        {buyer, key, quantity, token, ARGV[2], ARGV[3], 'queued', state, answer, ARGV[4], ARGV[5], ticket})
    entries[#entries + 1] = entry
end
redis.call('XACK', KEYS[6], ARGV[1], unpack(entries))
redis.call('XDEL', KEYS[6], unpack(entries))
return ended
