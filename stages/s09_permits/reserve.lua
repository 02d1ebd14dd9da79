-- Take units for one press, if it comes with a permit, and use the permit up: one step, so neither goes without the
-- other. The press that was seen before needs no permit any more: it has its answer.
--
-- uses ../s07_journal/reserve.lua as take
--
-- KEYS[1] … KEYS[6]  stock, bought, requests, open, ticket, journal: as in s07's reserve.lua
-- KEYS[7] places, KEYS[8] serials: as in issue.lua
-- ARGV[1] now, ARGV[2] buyer, ARGV[3] key, ARGV[4] … ARGV[6]: as in s07's reserve.lua
-- ARGV[7] serial, ARGV[8] expires: of the permit, as issue.lua gave it
--
-- Returns {"no_permit"}   this is not the permit that the buyer has and has not used: nothing was looked at
--         or what s07's reserve.lua returns. Who is told "sold_out" or "limit_reached" has used the permit, too: the
--         place is somebody else's then. Any other refusal leaves it.
if redis.call('HEXISTS', KEYS[3], ARGV[2] .. ':' .. ARGV[3]) == 1 then
    return take(KEYS, ARGV)
end
local expires = redis.call('ZSCORE', KEYS[7], ARGV[2])
if not expires or tonumber(expires) ~= tonumber(ARGV[8]) or tonumber(expires) <= tonumber(ARGV[1])
    or redis.call('HGET', KEYS[8], ARGV[2]) ~= ARGV[7] then
    return {'no_permit'}
end
local answer = take(KEYS, ARGV)
if answer[1] == 'reserved' or answer[1] == 'sold_out' or answer[1] == 'limit_reached' then
    redis.call('ZREM', KEYS[7], ARGV[2])
end
return answer
