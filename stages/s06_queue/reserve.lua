-- Take units for one press and write its ticket, in one step. Sent twice, it takes once and names the same ticket.
--
-- uses ../s05_redis_stock/reserve.lua as take
--
-- KEYS[1] stock, KEYS[2] bought, KEYS[3] requests: as in s05's reserve.lua
-- KEYS[4] open      set: the tokens of the sale's tickets that have not ended
-- KEYS[5] ticket    hash: state, buyer, key, quantity, at (unix ms), runs; later order or problem
-- ARGV[1] now, ARGV[2] buyer, ARGV[3] key, ARGV[4] quantity: as in s05's reserve.lua
-- ARGV[5] token     the reservation's own, and the name of its ticket
-- ARGV[6] most      so many tickets of the sale may be open at once
--
-- Returns {"reserved", token}  taken now, or by this press before: then it is the token of that ticket
--         {"full"}             too many are waiting already; nothing was taken, nothing was looked at
--         or what s05's reserve.lua returns instead of "reserved"
local seen = redis.call('HGET', KEYS[3], ARGV[2] .. ':' .. ARGV[3])
if not seen and redis.call('SCARD', KEYS[4]) >= tonumber(ARGV[6]) then
    return {'full'}
end
local answer = take(KEYS, ARGV)
if answer[1] ~= 'reserved' then
    return answer
end
if seen then
    return {'reserved', string.match(seen, '^%S+')}
end
redis.call('HSET', KEYS[5], 'state', 'queued', 'buyer', ARGV[2], 'key', ARGV[3], 'quantity', ARGV[4], 'at', ARGV[1],
    'runs', 0)
redis.call('SADD', KEYS[4], ARGV[5])
return {'reserved', ARGV[5]}
