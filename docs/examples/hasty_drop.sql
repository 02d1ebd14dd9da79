CREATE TABLE sales (id INT PRIMARY KEY, price INT NOT NULL);
INSERT INTO sales VALUES (7, 100);
redis DEL 7:value 7:version 7:lease;

-- The back office (B) drops the entry first, and commits afterwards.
B: BEGIN
B: UPDATE sales SET price = 80 WHERE id = 7
B: redis EVAL @stages/s03_cache/drop.lua 2 7:value 7:version dropped 7
-- A reader (A) comes in between. It does everything right,
-- and reads what is committed: the old price.
A: redis EVAL @stages/s03_cache/look.lua 3 7:value 7:version 7:lease A 1000
A: SELECT price FROM sales WHERE id = 7
A: redis EVAL @stages/s03_cache/put.lua 3 7:value 7:version 7:lease A 1 100 60000
B: COMMIT
-- Stored, and nobody is left to drop it.
A: SELECT price FROM sales WHERE id = 7
A: redis EVAL @stages/s03_cache/look.lua 3 7:value 7:version 7:lease A 1000
