-- Store what was loaded, unless the entry was dropped since the load began; give the lease back.
--
-- KEYS[1] value, KEYS[2] version, KEYS[3] lease: as in look.lua
-- ARGV[1] token   who loaded it
-- ARGV[2] version the version that look.lua told before the load
-- ARGV[3] value   the bytes
-- ARGV[4] ms      time to live
--
-- Returns 1 if stored, 0 if it was already out of date.
if redis.call('GET', KEYS[3]) == ARGV[1] then
    redis.call('DEL', KEYS[3])
end
if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[2] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1
