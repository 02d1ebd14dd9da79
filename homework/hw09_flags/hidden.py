"""The checks of hw09 that students do not see."""

from __future__ import annotations

from homework.grader.authoring import Grading, beside

checks = beside(__file__, "checks")

AMBIGUOUS = (  # two sales and two buyers whose numbers, written one after the other, read the same
    ((700, 1800), (7001, 800)),  # sale, then buyer
    ((1700, 800), (700, 8001)),  # buyer, then sale
)


def joined(g: Grading) -> None:
    for door in ("path", "opening"):
        for (sale, buyer), (other_sale, other_buyer) in AMBIGUOUS:
            desk = checks.Desk(g, door, sale_id=sale)
            other = checks.Desk(g, door, sale_id=other_sale, secret=desk.secret)
            permit = desk.enter(buyer)
            shown = f"the permit of buyer {buyer} for sale {sale} is shown by buyer {other_buyer}"
            what = f"At the {door} door, {shown} for sale {other_sale}"
            other.refuses(what, checks.PERMIT_INVALID, other_buyer, permit, "k1")


def collected(g: Grading) -> None:
    desk = checks.Desk(g, "opening")
    ann = desk.new_buyer()
    permit = desk.enter(ann)
    desk.opens_at = at = checks.NOON + checks.HOUR
    what = "Ann has a permit, then the sale is put off; the new opening comes, and she shows it"
    desk.refuses(what, checks.PERMIT_INVALID, ann, permit, "k1", at=at, phone=at)
    permit = desk.enter(ann, at)
    desk.sells("The sale was put off, and Ann asks for a permit again", ann, permit, "k1", at=at, phone=at)
