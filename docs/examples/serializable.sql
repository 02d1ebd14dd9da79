CREATE TABLE shelf (id INT PRIMARY KEY, stock INT NOT NULL);
INSERT INTO shelf VALUES (1, 1);

A: SET tx_isolation = 'SERIALIZABLE'
B: SET tx_isolation = 'SERIALIZABLE'
A: BEGIN
B: BEGIN
A: SELECT stock FROM shelf WHERE id = 1
B: SELECT stock FROM shelf WHERE id = 1
A: UPDATE shelf SET stock = 0 WHERE id = 1
-- A waits for B's shared lock. If B waited for A's, neither could ever go on.
B: UPDATE shelf SET stock = 0 WHERE id = 1
A: COMMIT
