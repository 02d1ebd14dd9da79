-- s02: one row per buyer and sale, so that the limit has something to be guarded on.
-- The primary key is what makes it cumulative: every press of a buyer meets the same row.

CREATE TABLE purchases (
    sale_id  BIGINT NOT NULL,
    buyer_id BIGINT NOT NULL,
    bought   INT    NOT NULL,
    PRIMARY KEY (sale_id, buyer_id)
) ENGINE = InnoDB;
