CREATE TABLE shelf (id INT PRIMARY KEY, stock INT NOT NULL);
CREATE TABLE orders (buyer VARCHAR(10));
INSERT INTO shelf VALUES (1, 10);

A: BEGIN
A: UPDATE shelf SET stock = stock - 1 WHERE id = 1
A: INSERT INTO orders VALUES ('A')
-- A sees what it has done. B does not: it is not committed.
A: SELECT stock FROM shelf WHERE id = 1
B: SELECT stock FROM shelf WHERE id = 1
-- All of it is undone at once.
A: ROLLBACK
A: SELECT COUNT(*) AS orders FROM orders
B: SELECT stock FROM shelf WHERE id = 1
-- Without BEGIN a statement is a transaction by itself (autocommit):
-- nothing is left to roll back.
A: UPDATE shelf SET stock = stock - 1 WHERE id = 1
A: ROLLBACK
B: SELECT stock FROM shelf WHERE id = 1
-- A begins once more, and leaves without a word.
-- The server undoes what was not committed.
A: BEGIN
A: UPDATE shelf SET stock = 0 WHERE id = 1
B: UPDATE shelf SET stock = stock - 1 WHERE id = 1
B: SELECT stock FROM shelf WHERE id = 1
