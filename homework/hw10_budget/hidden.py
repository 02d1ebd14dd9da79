"""The check of hw10 that students do not see."""

from __future__ import annotations

from homework.grader.authoring import Grading, beside

checks = beside(__file__, "checks")
Reply = checks.Reply


def oversleeps(g: Grading) -> None:
    """A sleep takes longer than was asked for, and so does waiting for a reply that does not come."""
    desk = checks.Desk(g)
    desk.save(9)
    desk.courier.late = 60
    for plan, within, draw, requests in (
        ([checks.BUSY, checks.HANGS], 250, 0.875, 2),
        ([checks.BUSY, checks.YES], 200, 0.875, 1),
        ([checks.HANGS], 700, 0.5, 2),
        ([checks.HANGS, checks.YES], 500, 0.0, 1),
    ):
        call = desk.send(*plan, within=within, draw=draw)
        call = call._replace(what=f"{call.what}. Sleeps and time-outs end 60 ms late")
        call.expect_requests(requests)
        call.expect_time_of_each()
