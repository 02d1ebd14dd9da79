"""The checks of hw02 that students do not see."""

from __future__ import annotations

from homework.grader.authoring import Grading, Meeting, beside

checks = beside(__file__, "checks")


def swaps_once(g: Grading) -> None:
    orders = {"Ann's order": (checks.ANN, "M", 1)}
    once = checks.part("one press", "Ann's order", checks.ANN, "L")
    again = checks.part("the other press", "Ann's order", checks.ANN, "L")
    g.play(
        Meeting(
            name="swaps-once",
            title="Ann presses twice",
            parts=[once, again],
            prepare=lambda: checks.stock_up(g, {"M": 1, "L": 2}, orders),
            judge=lambda scene, run: [*checks.conserved(g, scene, orders), *checks.winners(run, 1)],
        )
    )
