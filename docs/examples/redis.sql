redis DEL shelf:1 shelf:name;

-- Two commands are two round trips, in Redis as anywhere.
A: redis SET shelf:1 1
A: redis GET shelf:1
B: redis GET shelf:1
A: redis DECR shelf:1
B: redis DECR shelf:1
-- A script is one step: nobody comes in between.
A: redis SET shelf:1 1
A: redis EVAL @docs/examples/take.lua 1 shelf:1
B: redis EVAL @docs/examples/take.lua 1 shelf:1
-- One step is not all or nothing: what ran before an error stays.
A: redis SET shelf:name tea
A: redis EVAL @docs/examples/half.lua 2 shelf:1 shelf:name
A: redis GET shelf:1
