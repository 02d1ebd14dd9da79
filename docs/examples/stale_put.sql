CREATE TABLE sales (id INT PRIMARY KEY, price INT NOT NULL);
INSERT INTO sales VALUES (7, 100);
redis DEL sale:7;

-- A reader (A) finds nothing in the cache, and asks the database.
A: redis GET sale:7
A: SELECT price FROM sales WHERE id = 7
-- The back office (B) changes the price, and deletes the entry
-- after its commit, as the textbook says.
B: UPDATE sales SET price = 80 WHERE id = 7
B: redis DEL sale:7
-- A goes on where it was.
A: redis SET sale:7 100
B: redis GET sale:7
