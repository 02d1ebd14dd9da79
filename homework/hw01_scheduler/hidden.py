"""The checks of hw01 that students do not see."""

from __future__ import annotations

from homework.grader.authoring import Grading, beside

checks = beside(__file__, "checks")


def audit_in_doubt(g: Grading) -> None:
    """Orders that were given back, and attempts of which nobody knows."""
    for _ in range(checks.ROUNDS):
        sale, orders, told = world = checks.clean_sale(g.random)
        order = checks.add_order(sale, orders, told, 800, sale["limit"], g.random)
        checks.add_order(sale, orders, told, 800, 1, g.random)
        order["status"] = "cancelled"
        sale["stock"] += order["quantity"]
        told[:] = [each for each in told if each["answer"] != "sold_out"]
        checks.expect_names(g, world, set(), "buyer 800 cancelled an order and bought again")

        told[-1] |= {"answer": "unknown", "order_id": None}
        checks.expect_names(g, world, set(), "buyer 800 got no answer, and has an order")

        checks.add_order(sale, orders, told, 801, 1, g.random)
        checks.add_order(sale, orders, told, 801, 1, g.random)
        sale["initial"] += 2
        sale["stock"] += 2
        for each in told[-2:]:
            each |= {"answer": "unknown", "order_id": None}
        told.pop()
        what = "buyer 801 has two orders, and one attempt of which nobody knows: it explains one of them"
        checks.expect_names(g, world, {"order_untold"}, what)
