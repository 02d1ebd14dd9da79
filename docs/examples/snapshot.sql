CREATE TABLE shelf (id INT PRIMARY KEY, stock INT NOT NULL);
INSERT INTO shelf VALUES (1, 1);

A: BEGIN
A: SELECT stock FROM shelf WHERE id = 1
B: UPDATE shelf SET stock = 0 WHERE id = 1
-- B has committed. A goes on reading the picture that its first SELECT took.
A: SELECT stock FROM shelf WHERE id = 1
-- An UPDATE does not read the picture. It reads the row.
A: UPDATE shelf SET stock = stock - 1 WHERE id = 1 AND stock >= 1
A: SELECT stock FROM shelf WHERE id = 1 FOR UPDATE
A: COMMIT
