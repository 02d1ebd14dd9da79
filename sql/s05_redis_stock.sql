-- s05: an order remembers the press that it answers. The key is unique for its sale and buyer, so that a press sent
-- again after a COMMIT whose reply was lost meets its own order instead of buying another.

ALTER TABLE orders
    ADD COLUMN request_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD UNIQUE KEY orders_of_request (sale_id, buyer_id, request_key);
