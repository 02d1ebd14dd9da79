CREATE TABLE sales (id INT PRIMARY KEY, price INT NOT NULL);
INSERT INTO sales VALUES (7, 100);
redis DEL sale:7 7:value 7:version 7:lease;

-- The entry has just expired.
-- Everybody who comes before the first answer is back asks the database.
A: redis GET sale:7
B: redis GET sale:7
A: SELECT price FROM sales WHERE id = 7
B: SELECT price FROM sales WHERE id = 7
-- With look.lua one of them gets the lease (1); the other one (0) waits.
A: redis EVAL @stages/s03_cache/look.lua 3 7:value 7:version 7:lease A 1000
B: redis EVAL @stages/s03_cache/look.lua 3 7:value 7:version 7:lease B 1000
A: SELECT price FROM sales WHERE id = 7
A: redis EVAL @stages/s03_cache/put.lua 3 7:value 7:version 7:lease A 0 100 60000
B: redis EVAL @stages/s03_cache/look.lua 3 7:value 7:version 7:lease B 1000
