-- Forget an entry: raise its version, remove its value, tell every process.
--
-- KEYS[1] value, KEYS[2] version: as in look.lua
-- ARGV[1] channel where processes listen
-- ARGV[2] name    the entry's name in their own caches
--
-- Returns the new version.
local version = redis.call('INCR', KEYS[2])
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return version
