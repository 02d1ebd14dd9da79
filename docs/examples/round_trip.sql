-- A statement is one round trip. Between two of them anybody may come.
CREATE TABLE shelf (id INT PRIMARY KEY, stock INT NOT NULL);
INSERT INTO shelf VALUES (1, 10);

A: SELECT stock FROM shelf WHERE id = 1
B: SELECT stock FROM shelf WHERE id = 1
B: UPDATE shelf SET stock = 9 WHERE id = 1
A: UPDATE shelf SET stock = 9 WHERE id = 1
-- Two units are taken. The shelf says it was one.
A: SELECT stock FROM shelf WHERE id = 1
