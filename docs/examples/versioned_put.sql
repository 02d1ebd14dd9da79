CREATE TABLE sales (id INT PRIMARY KEY, price INT NOT NULL);
INSERT INTO sales VALUES (7, 100);
redis DEL sale:7:value sale:7:version sale:7:lease;

-- The same meeting, through the scripts of s03. A is told: no value, version 0, and the lease to load it is yours.
A: redis EVAL @stages/s03_cache/look.lua 3 sale:7:value sale:7:version sale:7:lease reader-A 1000
A: SELECT price FROM sales WHERE id = 7
B: UPDATE sales SET price = 80 WHERE id = 7
B: redis EVAL @stages/s03_cache/drop.lua 2 sale:7:value sale:7:version dropped sale:7
-- A puts what it has read, naming the version it began with. That is no longer the version: 0, not stored.
A: redis EVAL @stages/s03_cache/put.lua 3 sale:7:value sale:7:version sale:7:lease reader-A 0 100 60000
B: redis EVAL @stages/s03_cache/look.lua 3 sale:7:value sale:7:version sale:7:lease reader-B 1000
