"""What the grader calls, in the sandbox, together with your files. Each function gets `Backends` first."""

from __future__ import annotations

import arrivals as task_1
from limiter import Answer, Limiter, Rule

from common.backends import Backends


def let_through(_: Backends, count: int, period: int, burst: int, arrivals: list[int]) -> list[bool]:
    return task_1.let_through(count, period, burst, arrivals)


def ask(b: Backends, sale_id: int, buyer_id: int, units: int, rules: dict[str, list[int]]) -> Answer:
    """Each rule is [count, period, burst]."""
    limiter = Limiter(b.stock, b.keys, b.clock, {name: Rule(*numbers) for name, numbers in rules.items()})
    return limiter.ask(sale_id, buyer_id, units)
