-- Take units for one press, write its ticket, and record it in the sale's journal: one step, so no crash falls between.
--
-- uses ../s06_queue/reserve.lua as take
--
-- KEYS[1] stock, KEYS[2] bought, KEYS[3] requests, KEYS[4] open, KEYS[5] ticket: as in s06's reserve.lua
-- KEYS[6] journal   stream: one entry for each reservation: token, buyer, key, quantity, at (unix ms)
-- ARGV[1] now, ARGV[2] buyer, ARGV[3] key, ARGV[4] quantity, ARGV[5] token, ARGV[6] most: as in s06's reserve.lua
--
-- Returns what s06's reserve.lua returns. A press that was seen before is in the journal already.
local seen = redis.call('HEXISTS', KEYS[3], ARGV[2] .. ':' .. ARGV[3]) == 1
local answer = take(KEYS, ARGV)
if answer[1] == 'reserved' and not seen then
    redis.call('XADD', KEYS[6], '*', 'token', ARGV[5], 'buyer', ARGV[2], 'key', ARGV[3], 'quantity', ARGV[4],
        'at', ARGV[1])
end
return answer
