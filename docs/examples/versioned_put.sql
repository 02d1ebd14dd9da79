CREATE TABLE sales (id INT PRIMARY KEY, price INT NOT NULL);
INSERT INTO sales VALUES (7, 100);
redis DEL 7:value 7:version 7:lease;

-- The same meeting, through the scripts of s03.
-- A is told: no value, version 0, and 1: you are to load it.
A: redis EVAL @stages/s03_cache/look.lua 3 7:value 7:version 7:lease A 1000
A: SELECT price FROM sales WHERE id = 7
B: UPDATE sales SET price = 80 WHERE id = 7
B: redis EVAL @stages/s03_cache/drop.lua 2 7:value 7:version dropped 7
-- A puts what it has read, naming version 0. It is version 1 by now: not stored.
A: redis EVAL @stages/s03_cache/put.lua 3 7:value 7:version 7:lease A 0 100 60000
B: redis EVAL @stages/s03_cache/look.lua 3 7:value 7:version 7:lease B 1000
