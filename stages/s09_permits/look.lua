-- Look at a visitor, and remember this visit: what the rules need to know, in one step.
--
-- KEYS[1] settings    hash: name -> number, what the back office has changed
-- KEYS[2], KEYS[3]    string: there as long as this buyer, this address is banned
-- KEYS[4] accounts    set: the buyers that have come from this address
-- KEYS[5] addresses   set: the addresses that this buyer has come from
-- KEYS[6] visits      string: how often this buyer has come
-- KEYS[7] mistakes    string: how often this buyer has answered a challenge wrong
-- ARGV[1] buyer, ARGV[2] address
-- ARGV[3] memory      seconds for which accounts and addresses are remembered, after the last that was new
-- ARGV[4] pace        seconds for which visits are counted, from the first on
-- ARGV[5] patience    seconds for which mistakes are counted, from the first on
-- ARGV[6] mistaken    1 if this visit's answer is wrong, else 0
--
-- Returns {settings (name, number, …), seconds of the longer ban or 0, accounts, addresses, visits, mistakes}
local function seen(key, who)
    if redis.call('SADD', key, who) == 1 then
        redis.call('EXPIRE', key, ARGV[3])
    end
    return redis.call('SCARD', key)
end
local function counted(key, more, seconds)
    if more == 0 then
        return tonumber(redis.call('GET', key) or 0)
    end
    local count = redis.call('INCRBY', key, more)
    if count == more then -- in the same step: no count is ever left without an end
        redis.call('EXPIRE', key, seconds)
    end
    return count
end
local banned = math.max(redis.call('TTL', KEYS[2]), redis.call('TTL', KEYS[3]), 0)
return {redis.call('HGETALL', KEYS[1]), banned, seen(KEYS[4], ARGV[1]), seen(KEYS[5], ARGV[2]),
    counted(KEYS[6], 1, ARGV[4]), counted(KEYS[7], tonumber(ARGV[6]), ARGV[5])}
