-- Put a sale's stock here as the database had it, unless it is here already or the database has moved on since.
--
-- KEYS[1] stock, KEYS[2] bought, KEYS[3] requests: as in reserve.lua
-- KEYS[4] epoch     the warm-up under way, set before the database was read; gone once that reading is out of date
-- ARGV[1] epoch     the one that this reading began with
-- ARGV[2] version, ARGV[3] initial, ARGV[4] left, ARGV[5] limit, ARGV[6] opens, ARGV[7] closes, ARGV[8] state
-- ARGV[9] n         so many numbers follow, a buyer and the units bought in turn; then, in turn, a request and its
--                   value as in KEYS[3], up to the end
--
-- Returns "warmed", "warm" (it was here already: nothing is touched) or "stale" (read the database again).
if redis.call('EXISTS', KEYS[1]) == 1 then
    return 'warm'
end
if redis.call('GET', KEYS[4]) ~= ARGV[1] then
    return 'stale'
end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'version', ARGV[2], 'initial', ARGV[3], 'left', ARGV[4],
    'limit', ARGV[5], 'opens', ARGV[6], 'closes', ARGV[7], 'state', ARGV[8])
local last = 9 + tonumber(ARGV[9])
for i = 10, last, 2 do
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
for i = last + 1, #ARGV, 2 do
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
return 'warmed'
