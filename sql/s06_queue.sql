-- s06: a job may run twice, so what becomes of a ticket is decided here, once: by the row that is written in the
-- order's own transaction, or by the refusal. Whoever comes second meets the row, and tells the same.

CREATE TABLE decisions (
    ticket     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    order_id   CHAR(36)    CHARACTER SET ascii COLLATE ascii_bin NULL,
    problem    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,  -- why there is no order
    decided_at DATETIME(3) NOT NULL
) ENGINE = InnoDB;
