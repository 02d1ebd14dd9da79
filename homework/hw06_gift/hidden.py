"""The checks of hw06 that students do not see."""

from __future__ import annotations

from homework.grader.authoring import Grading, beside

checks = beside(__file__, "checks")


def overtaken(g: Grading) -> None:
    desk = checks.Desk(g)
    order, other = desk.order(), g.new_box(actors=1)
    desk.partner.meanwhile = lambda: other.channels[0].call("run", desk.arguments(order))
    answer = desk.run(order)
    if answer.value != "done":
        answer = desk.run(order)  # what it raised, RQ runs again
    what = "While a worker waited for the service, another one did the whole job"
    checks.expect(desk, order, answer, what, "done", gifts=1, state="given")
