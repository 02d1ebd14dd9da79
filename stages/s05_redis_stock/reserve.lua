-- Take units for one press, if the sale is open, the limit allows it and that many are left. Sent twice, it takes once.
--
-- KEYS[1] stock     hash: epoch, version, initial, left, limit, opens, closes (unix ms), state
-- KEYS[2] bought    hash: buyer -> units held or ordered
-- KEYS[3] requests  hash: "buyer:key" -> "token quantity state", state is held or ordered
-- ARGV[1] now       unix ms
-- ARGV[2] buyer, ARGV[3] key: together they name the press
-- ARGV[4] quantity
-- ARGV[5] token     the reservation's own: it alone can be released
--
-- Returns {"reserved"}             taken now, or by this press before (whose token stays: see release.lua)
--         {"other_quantity"}       the press was seen, but wanted another number
--         {"cold"}                 the stock of this sale is not here yet
--         {"draft"}, {"not_open", opens}, {"ended"}, {"limit_reached"}, {"sold_out", left}
local request = ARGV[2] .. ':' .. ARGV[3]
local quantity = tonumber(ARGV[4])

local seen = redis.call('HGET', KEYS[3], request)
if seen then -- before everything else: who has it already is neither too late nor over the limit
    if string.match(seen, '^%S+ (%d+)') ~= ARGV[4] then
        return {'other_quantity'}
    end
    return {'reserved'}
end

local left, limit, opens, closes, state =
    unpack(redis.call('HMGET', KEYS[1], 'left', 'limit', 'opens', 'closes', 'state'))
if not left then
    return {'cold'}
end
local now = tonumber(ARGV[1])
if state == 'draft' then
    return {'draft'}
end
if now < tonumber(opens) then
    return {'not_open', opens}
end
if state == 'closed' or now >= tonumber(closes) then
    return {'ended'}
end
if tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or 0) + quantity > tonumber(limit) then
    return {'limit_reached'}
end
if tonumber(left) < quantity then
    return {'sold_out', left}
end

redis.call('HINCRBY', KEYS[1], 'left', -quantity)
redis.call('HINCRBY', KEYS[2], ARGV[2], quantity)
redis.call('HSET', KEYS[3], request, ARGV[5] .. ' ' .. ARGV[4] .. ' held')
return {'reserved'}
