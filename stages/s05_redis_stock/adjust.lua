-- Follow a change that the back office made: units put on sale or taken back, another limit or window, a close.
--
-- It carries how many units were *ever* put on sale, not how many more: so applying version 5 also makes up for a
-- version 4 that never arrived, and a version that arrives twice or late changes nothing.
--
-- KEYS[1] stock     as in reserve.lua
-- KEYS[2] epoch     the warm-up under way, if any
-- ARGV[1] version, ARGV[2] initial, ARGV[3] limit, ARGV[4] opens, ARGV[5] closes, ARGV[6] state: of the sale's row
-- ARGV[7] channel, ARGV[8] name: as in release.lua
--
-- Returns "adjusted", "old" (this version or a later one is here) or "cold". `left` may go below zero for a moment,
-- when units are taken back that somebody holds: the database refuses one of the two.
local version, initial = unpack(redis.call('HMGET', KEYS[1], 'version', 'initial'))
if not version then
    redis.call('DEL', KEYS[2]) -- whoever warms up may have read the row before it changed
    return 'cold'
end
if tonumber(ARGV[1]) <= tonumber(version) then
    return 'old'
end
redis.call('HINCRBY', KEYS[1], 'left', tonumber(ARGV[2]) - tonumber(initial))
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'initial', ARGV[2], 'limit', ARGV[3], 'opens', ARGV[4],
    'closes', ARGV[5], 'state', ARGV[6])
redis.call('PUBLISH', ARGV[7], ARGV[8])
return 'adjusted'
