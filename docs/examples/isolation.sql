CREATE TABLE shelf (id INT PRIMARY KEY, stock INT NOT NULL);
INSERT INTO shelf VALUES (1, 10);

A: SELECT @@tx_isolation AS level
A: SET tx_isolation = 'READ-COMMITTED'
A: BEGIN
A: SELECT stock FROM shelf WHERE id = 1
B: UPDATE shelf SET stock = 9 WHERE id = 1
-- READ COMMITTED: a new picture for each SELECT.
A: SELECT stock FROM shelf WHERE id = 1
A: COMMIT
A: SET tx_isolation = 'SERIALIZABLE'
A: BEGIN
A: SELECT stock FROM shelf WHERE id = 1
-- SERIALIZABLE: a SELECT takes a shared lock, and a writer waits for it.
B: UPDATE shelf SET stock = 8 WHERE id = 1
A: COMMIT
