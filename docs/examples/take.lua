-- Take one unit from KEYS[1] if there is one. Returns what is left, or "sold out".
if tonumber(redis.call('GET', KEYS[1])) < 1 then
    return 'sold out'
end
return redis.call('DECR', KEYS[1])
