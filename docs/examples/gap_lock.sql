CREATE TABLE purchases (sale INT, buyer INT, bought INT NOT NULL, PRIMARY KEY (sale, buyer));
INSERT INTO purchases VALUES (7, 1, 1), (7, 9, 1);

A: BEGIN
-- Buyer 3 has no row yet. The gap between 1 and 9 is locked instead.
A: SELECT bought FROM purchases WHERE sale = 7 AND buyer = 3 FOR UPDATE
-- Buyer 5 is somebody else, and waits all the same.
B: INSERT INTO purchases VALUES (7, 5, 1)
A: COMMIT
