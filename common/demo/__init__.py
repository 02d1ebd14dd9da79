"""`./seckill demo`: the same crowd against the first stage and against the newest, and what became of it."""
