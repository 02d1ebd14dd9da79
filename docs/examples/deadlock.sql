CREATE TABLE shelf (id INT PRIMARY KEY, stock INT NOT NULL);
INSERT INTO shelf VALUES (1, 1), (2, 1);

A: SELECT @@innodb_lock_wait_timeout AS seconds
A: BEGIN
B: BEGIN
A: UPDATE shelf SET stock = 0 WHERE id = 1
B: UPDATE shelf SET stock = 0 WHERE id = 2
A: UPDATE shelf SET stock = 0 WHERE id = 2
B: UPDATE shelf SET stock = 0 WHERE id = 1
A: COMMIT
