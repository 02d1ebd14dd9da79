"""The checks of hw07 that students do not see."""

from __future__ import annotations

from collections.abc import Sequence

from common.proof.oracle import Verdict
from homework.grader.authoring import Grading, Meeting, Part, Scene, beside, broken

checks = beside(__file__, "checks")


def come_and_go(g: Grading) -> None:
    """Three sales have an entry now and then: whose turn is it next, when one in front is gone?"""
    rare = ("A", "C", "E")
    for places in (4, 5):
        desk = checks.Desk(g, **checks.sales(9, 60) | dict.fromkeys(rare, 0))
        what = f"9 sales, 3 of which have an entry each third turn, and there are {places} places"
        for turn in range(1, 10):
            for name in rare:
                desk.add(name, int(turn % 3 == 0))
            desk.turn(f"{what}: turn {turn}", places)
            desk.expect_abreast(f"{what}: after turn {turn}", set(desk.sales) - set(rare))


def two_at_once(g: Grading) -> None:
    made = []

    def prepare() -> Scene:
        made.append(checks.Desk(g, tea=6, cup=4))
        made[-1].hand_out("tea", checks.DEAD, 3, dead=True)
        return Scene(made[-1].sales)

    def judge(scene: Scene, run: object) -> Sequence[Verdict]:  # noqa: ARG001 - every judge has these
        desk = made[-1]
        if twice := desk.twice():
            return [broken("once", f"{checks.told(twice)} are written twice")]
        if missing := desk.missing():
            return [broken("nothing_lost", f"{checks.told(missing)} are neither written nor in the journals")]
        return []

    parts = [
        Part("a consumer", "turn", lambda _: made[-1].arguments(checks.ONE, 6)),
        Part("another consumer", "turn", lambda _: made[-1].arguments(checks.NEXT, 6)),
    ]
    title = "Two consumers take their turns at once, and a dead one has left 3 teas"
    g.play(Meeting("two-at-once", title, parts, prepare, judge))
