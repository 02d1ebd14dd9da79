CREATE TABLE sales (id INT PRIMARY KEY, price INT NOT NULL);
INSERT INTO sales VALUES (7, 100);
redis DEL sale:7 sale:7:value sale:7:version sale:7:lease;

-- The entry has just expired. Everybody who comes before the first answer is back asks the database.
A: redis GET sale:7
B: redis GET sale:7
A: SELECT price FROM sales WHERE id = 7
B: SELECT price FROM sales WHERE id = 7
-- With look.lua one of them gets the lease (1), the other one does not (0), and waits for the value.
A: redis EVAL @stages/s03_cache/look.lua 3 sale:7:value sale:7:version sale:7:lease reader-A 1000
B: redis EVAL @stages/s03_cache/look.lua 3 sale:7:value sale:7:version sale:7:lease reader-B 1000
A: SELECT price FROM sales WHERE id = 7
A: redis EVAL @stages/s03_cache/put.lua 3 sale:7:value sale:7:version sale:7:lease reader-A 0 100 60000
B: redis EVAL @stages/s03_cache/look.lua 3 sale:7:value sale:7:version sale:7:lease reader-B 1000
