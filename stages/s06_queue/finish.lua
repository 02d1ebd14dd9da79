-- A ticket ends, and the numbers with it: ordered and confirmed, or refused and given back. All in one step, so that
-- whoever comes second finds it done, and does nothing.
--
-- uses ../s05_redis_stock/confirm.lua as confirm
-- uses ../s05_redis_stock/release.lua as release
--
-- KEYS[1] stock, KEYS[2] bought, KEYS[3] requests, KEYS[4] epoch: as in s05's confirm.lua
-- KEYS[5] open, KEYS[6] ticket: as in reserve.lua
-- ARGV[1] buyer, ARGV[2] key, ARGV[3] quantity, ARGV[4] token: as in s05's confirm.lua
-- ARGV[5] channel, ARGV[6] name: as in s05's release.lua
-- ARGV[7] from      the state in which the ticket must be: compare and set
-- ARGV[8] state     ordered or refused
-- ARGV[9] answer    the order's id, or the problem
-- ARGV[10] keep     seconds for which an ended ticket can still be asked for
-- ARGV[11] channel, ARGV[12] ticket's id: as in start.lua
--
-- Returns 1 if the ticket ended now, 0 if it was not in that state (any more). An order is confirmed even then.
local ordered = ARGV[8] == 'ordered'
if ordered then
    confirm(KEYS, ARGV)
end
if redis.call('HGET', KEYS[6], 'state') ~= ARGV[7] then
    return 0
end
if not ordered then
    release(KEYS, {ARGV[1], ARGV[2], ARGV[4], ARGV[5], ARGV[6]})
end
redis.call('HSET', KEYS[6], 'state', ARGV[8], ordered and 'order' or 'problem', ARGV[9])
redis.call('EXPIRE', KEYS[6], ARGV[10])
redis.call('SREM', KEYS[5], ARGV[4])
redis.call('PUBLISH', ARGV[11], ARGV[12])
return 1
