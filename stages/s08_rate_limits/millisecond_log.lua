-- A foil: the sliding log as it is often written. It is sliding_log.lua but for the name of a press.
local now, count, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZCARD', KEYS[1]) >= count then
    local first = redis.call('ZRANGE', KEYS[1], -count, -count, 'WITHSCORES')
    return first[2] + window - now
end
if ARGV[4] == 'take' then
    redis.call('ZADD', KEYS[1], now, math.floor(now / 1000))
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
end
return 0
