-- Read an entry; if it is missing, ask for the lease to load it. One round trip either way.
--
-- KEYS[1] value   the cached bytes
-- KEYS[2] version how many times the entry was dropped
-- KEYS[3] lease   who is loading it
-- ARGV[1] token   the caller's name for itself
-- ARGV[2] ms      how long the lease holds
--
-- Returns {value, version, leads}: value is nil when missing; leads is 1 when the caller now has the lease.
local value = redis.call('GET', KEYS[1])
local version = redis.call('GET', KEYS[2]) or '0'
if value then
    return {value, version, 0}
end
if redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[2]) then
    return {false, version, 1}
end
return {false, version, 0}
