CREATE TABLE shelf (id INT PRIMARY KEY, stock INT NOT NULL);
INSERT INTO shelf VALUES (1, 1), (2, 1);

A: BEGIN
A: UPDATE shelf SET stock = stock - 1 WHERE id = 1 AND stock >= 1
-- A holds the lock on row 1 until it commits.
-- Row 2 is free, and a plain SELECT never waits.
B: UPDATE shelf SET stock = stock - 1 WHERE id = 2 AND stock >= 1
B: SELECT stock FROM shelf WHERE id = 1
-- Row 1 is not free. When B gets it, B looks at the row as it is then.
B: UPDATE shelf SET stock = stock - 1 WHERE id = 1 AND stock >= 1
A: COMMIT
B: SELECT stock FROM shelf WHERE id = 1
