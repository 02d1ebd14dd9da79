redis DEL shelf:1 shelf:name;

A: redis SET shelf:1 1
-- Two commands are two round trips, in Redis as anywhere.
A: redis GET shelf:1
B: redis GET shelf:1
A: redis DECR shelf:1
B: redis DECR shelf:1
-- One script is one: nobody comes in between. The second caller asks after the first has taken.
A: redis SET shelf:1 1
A: redis EVAL "if tonumber(redis.call('GET', KEYS[1])) >= 1 then return redis.call('DECR', KEYS[1]) end return 'sold out'" 1 shelf:1
B: redis EVAL "if tonumber(redis.call('GET', KEYS[1])) >= 1 then return redis.call('DECR', KEYS[1]) end return 'sold out'" 1 shelf:1
-- Atomic does not mean all or nothing: what ran before an error stays.
A: redis SET shelf:name tea
A: redis EVAL "redis.call('SET', KEYS[1], 77) return redis.call('INCR', KEYS[2])" 2 shelf:1 shelf:name
A: redis GET shelf:1
