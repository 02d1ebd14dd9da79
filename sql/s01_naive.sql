-- s01: three tables. Who buys, what is sold, and who bought it.

CREATE TABLE buyers (
    id            BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name          VARCHAR(64)  NOT NULL UNIQUE,
    password_hash VARCHAR(255) NOT NULL,
    role          ENUM('buyer', 'admin') NOT NULL DEFAULT 'buyer',
    created_at    DATETIME(3)  NOT NULL
) ENGINE = InnoDB;

-- `stock` is signed and has no CHECK on purpose. Neither would stop the oversell of this stage (both buyers
-- write back 0, and 0 is allowed), but they would hide it in the variants that count below zero.
CREATE TABLE sales (
    id               BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
    title            VARCHAR(120) NOT NULL,
    title_zh         VARCHAR(120) NOT NULL,
    image            VARCHAR(64)  NOT NULL,
    price_cents      INT          NOT NULL,
    list_price_cents INT          NOT NULL,
    initial          INT          NOT NULL,  -- units ever put on sale
    stock            INT          NOT NULL,  -- units left
    buyer_limit      INT          NOT NULL,
    opens_at         DATETIME(3)  NOT NULL,
    closes_at        DATETIME(3)  NOT NULL,
    state            ENUM('draft', 'published', 'closed') NOT NULL DEFAULT 'draft',
    version          INT          NOT NULL DEFAULT 1
) ENGINE = InnoDB;

CREATE TABLE orders (
    id          CHAR(36)    CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    sale_id     BIGINT      NOT NULL,
    buyer_id    BIGINT      NOT NULL,
    quantity    INT         NOT NULL,
    price_cents INT         NOT NULL,
    status      VARCHAR(16) NOT NULL,
    created_at  DATETIME(3) NOT NULL,
    KEY orders_of_buyer (buyer_id, sale_id)
) ENGINE = InnoDB;
