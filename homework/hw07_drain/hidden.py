"""The checks of hw07 that students do not see."""

from __future__ import annotations

from collections.abc import Sequence

from common.proof.oracle import Verdict
from homework.grader.authoring import Grading, Meeting, Part, Scene, beside, broken

checks = beside(__file__, "checks")


def come_and_go(g: Grading) -> None:
    """Three sales have an entry now and then: whose turn is it next, when one in front is gone?"""
    rare = ("sale 1", "sale 3", "sale 5")
    desk = checks.Desk(g, **checks.sales(9, 60) | dict.fromkeys(rare, 0))
    what = "9 sales, of which 3 have an entry now and then, and there are 4 places"
    for turn in range(1, 13):
        for at, name in enumerate(rare):
            desk.add(name, int((turn + at) % 3 < 2))
        desk.turn(f"{what}: turn {turn}", 4)
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
            return [broken("once", f"more than once are written {checks.told(twice)}")]
        if missing := desk.missing():
            return [broken("nothing_lost", f"neither written nor in the journals are {checks.told(missing)}")]
        return []

    parts = [
        Part("a reader", "turn", lambda _: made[-1].arguments(checks.READER, 6)),
        Part("another reader", "turn", lambda _: made[-1].arguments(checks.NEXT, 6)),
    ]
    title = "Two readers take their turns at once, and a dead one has left 3 teas"
    g.play(Meeting("two-at-once", title, parts, prepare, judge))
