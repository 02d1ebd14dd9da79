-- Writes to KEYS[1], and then fails if KEYS[2] is no number.
redis.call('SET', KEYS[1], 77)
return redis.call('INCR', KEYS[2])
