-- Give a buyer a permit, if the sale is open, the buyer may own more of it, and a place is free. Who has one that is
-- not used gets the same one again, so asking often brings no more of them.
--
-- KEYS[1] stock, KEYS[2] bought: as in s05's reserve.lua
-- KEYS[3] places    sorted set: buyer -> when the permit that they have not used yet expires (unix ms)
-- KEYS[4] serials   hash: buyer -> how many permits they have had at this sale
-- KEYS[5] spent     string: there if the challenge that was solved for this has brought a permit already
-- ARGV[1] now       unix ms
-- ARGV[2] buyer
-- ARGV[3] life      ms for which a permit is good
-- ARGV[4] per_unit  so many permits may be out for each unit that is left; 0: as many as you like
-- ARGV[5] keep      seconds for which a challenge could be shown again; 0: there was none
--
-- Returns {"permit", serial, expires}
--         {"wait", ms}             every place is taken; so long until one of them is free for certain
--         {"spent"}                the challenge was good for one permit, which is used up
--         {"cold"}                 the stock of this sale is not here yet
--         {"draft"}, {"not_open", opens}, {"ended"}, {"limit_reached"}, {"sold_out", left}: as s05's reserve.lua
local now, buyer = tonumber(ARGV[1]), ARGV[2]
-- Asked as s05's reserve.lua asks, and not in a file of both: that would have to hand back all that it read.
local left, limit, opens, closes, state =
    unpack(redis.call('HMGET', KEYS[1], 'left', 'limit', 'opens', 'closes', 'state'))
if not left then
    return {'cold'}
end
if state == 'draft' then
    return {'draft'}
end
if now < tonumber(opens) then
    return {'not_open', opens}
end
if state == 'closed' or now >= tonumber(closes) then
    return {'ended'}
end
if tonumber(redis.call('HGET', KEYS[2], buyer) or 0) >= tonumber(limit) then
    return {'limit_reached'}
end

redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now) -- who did not use theirs in time leaves a place to others
local has = redis.call('ZSCORE', KEYS[3], buyer)
if has then
    return {'permit', redis.call('HGET', KEYS[4], buyer), has}
end
if tonumber(left) <= 0 then
    return {'sold_out', left}
end
if redis.call('EXISTS', KEYS[5]) == 1 then
    return {'spent'}
end
local most = tonumber(left) * tonumber(ARGV[4])
if most > 0 and redis.call('ZCARD', KEYS[3]) >= most then
    local first = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
    return {'wait', string.format('%.0f', first[2] - now)}
end

local expires = string.format('%.0f', math.min(now + tonumber(ARGV[3]), tonumber(closes)))
redis.call('ZADD', KEYS[3], expires, buyer)
if tonumber(ARGV[5]) > 0 then
    redis.call('SET', KEYS[5], 1, 'EX', ARGV[5])
end
return {'permit', tostring(redis.call('HINCRBY', KEYS[4], buyer, 1)), expires}
