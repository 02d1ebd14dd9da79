"""The check of hw03 that students do not see."""

from __future__ import annotations

from homework.grader.authoring import Grading, beside

checks = beside(__file__, "checks")


def every_process(g: Grading) -> None:
    checks.let_change(g)
    one, other = g.box, g.new_box(actors=1)
    scene = checks.warmed(g, at=0, box=one)
    seen = checks.look(g, scene, at=1, box=other)
    checks.expect_selects(seen, 0, "One process warms a sale, and another one reads it")
    checks.ask(other, "change", {"sale_id": scene[checks.SALE], "price_cents": checks.NEW}, at=1)
    checks.look(g, scene, at=2, box=other)
    seen = checks.look(g, scene, at=3, box=one)
    checks.expect(seen, checks.NEW, "Another process has changed the price and fetched a new copy")
