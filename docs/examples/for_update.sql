CREATE TABLE shelf (id INT PRIMARY KEY, stock INT NOT NULL);
INSERT INTO shelf VALUES (1, 1);

A: SELECT stock FROM shelf WHERE id = 1 FOR UPDATE
-- Under autocommit A's transaction, and its lock, ended with the SELECT.
B: SELECT stock FROM shelf WHERE id = 1 FOR UPDATE
-- Inside a transaction it is another matter.
A: BEGIN
A: SELECT stock FROM shelf WHERE id = 1 FOR UPDATE
B: SELECT stock FROM shelf WHERE id = 1 FOR UPDATE
A: UPDATE shelf SET stock = 0 WHERE id = 1
A: COMMIT
