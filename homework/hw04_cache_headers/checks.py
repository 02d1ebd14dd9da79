"""The checks of hw04: visitors come, time is moved by hand, and the app says how often it was asked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from homework.grader.authoring import Failed, Grading, NotStarted, beside

edge = beside(__file__, "edge")

NAMES = ("asset", "orders", "page", "state", "missing", "image", "account", "paused")
ALLOWED = ("cache-control", "vary", "retry-after")
NOTHING = {name: {"Cache-Control": "no-store"} for name in NAMES}
VALUE = re.compile(r"[\x20-\x7e]*")
ASSET, ORDERS, PAGE, STATE = "/assets/5f3c/sale.js", "/api/orders", "/sales/7", "/api/sales/7"
MISSING, IMAGE, ACCOUNT = "/sales/999", "/images/tea.svg", "/account"
DAY = 86400
MANY = 20


def asset(g: Grading) -> None:
    e = started(g, "asset")
    ann = edge.Browser(e, "Ann")
    for _ in range(2):
        ann.get(ASSET)
    crowd(e, ASSET)
    expect_hits(e, ASSET, 1, f"{MANY + 1} visitors fetch the script")
    asked = e.asked
    e.forward(300 * DAY)
    ann.get(ASSET)
    if e.asked != asked:
        raise Failed(
            "Ann opens the script again after 300 days; its content can never change under this name",
            expected="her browser asks nobody",
            seen="her browser asks the edge",
        )
    crowd(e, ASSET)
    expect_hits(e, ASSET, 1, "300 days later others fetch the script")


def orders(g: Grading) -> None:
    e = started(g, "orders")
    ann = edge.Browser(e, "Ann")
    own(e, ORDERS, "orders")
    ann.get(ORDERS)
    if ORDERS in ann.kept:
        raise Failed(
            "Ann looks at her orders on a shared computer and signs out; the next one presses Back",
            expected="her browser has kept nothing",
            seen=f"her browser has kept: {ann.kept[ORDERS].body}",
        )


def page(g: Grading) -> None:
    e = started(g, "page")
    for language in ("en", "zh", "en", "zh"):
        saw = edge.Browser(e, f"buyer {language}", language).get(PAGE)
        if not saw.endswith(f"in {language}"):
            raise Failed(
                f"A visitor who reads {language} opens the page after others did",
                expected=f"the page in {language}",
                seen=saw,
            )
    crowd(e, PAGE)
    expect_hits(e, PAGE, 2, f"{MANY + 4} visitors with sessions of their own open the page, in two languages")
    ann = edge.Browser(e, "Ann")
    ann.get(PAGE)
    asked = e.asked
    e.forward(9)
    ann.get(PAGE)
    crowd(e, PAGE)
    expect_hits(e, PAGE, 2, "nine seconds later, Ann and others open the page again")
    if e.asked != asked + MANY:
        raise Failed(
            "Ann opens the page again after nine seconds",
            expected="her browser asks nobody",
            seen="her browser asks the edge",
        )
    expect_new(e, PAGE, ann, 12)


def state(g: Grading) -> None:
    e = started(g, "state")
    ann = edge.Browser(e, "Ann")
    ann.get(STATE)
    crowd(e, STATE)
    expect_hits(e, STATE, 1, f"{MANY + 1} visitors ask for the stock in the same second")
    asked = e.asked
    ann.get(STATE)
    if e.asked == asked:
        raise Failed(
            "Ann asks for the stock twice in the same second",
            expected="her browser asks the edge each time: two copies on the way would be twice as old",
            seen="her browser shows its own copy",
        )
    expect_new(e, STATE, ann, 2)


def missing(g: Grading) -> None:
    e = started(g, "missing")
    ann = edge.Browser(e, "Ann")
    ann.get(MISSING)
    crowd(e, MISSING)
    expect_hits(e, MISSING, 1, f"{MANY + 1} visitors try an address at which there is no sale")
    e.app.missing = False
    e.forward(6)
    saw = ann.get(MISSING)
    if not saw.startswith("page"):
        raise Failed("The sale is published; six seconds later Ann opens it", expected="the page", seen=saw)


def image(g: Grading) -> None:
    e = started(g, "image")
    ann = edge.Browser(e, "Ann")
    ann.get(IMAGE)
    asked = e.asked
    e.forward(55)
    ann.get(IMAGE)
    if e.asked != asked:
        raise Failed(
            "Ann sees the picture again after 55 seconds",
            expected="her browser asks nobody",
            seen="her browser asks the edge",
        )
    crowd(e, IMAGE)
    expect_hits(e, IMAGE, 1, "55 seconds later others want the picture")
    expect_new(e, IMAGE, ann, 10)
    e.app.gone = True
    e.forward(DAY // 2)
    saw = edge.Browser(e).get(IMAGE)
    if not saw.startswith("image"):
        raise Failed(
            "The app has not answered for half a day; somebody wants the picture",
            expected="the old picture",
            seen=saw,
        )
    e.forward(DAY)
    saw = edge.Browser(e).get(IMAGE)
    if saw.startswith("image"):
        raise Failed(
            "The app has not answered for a day and a half; somebody wants the picture",
            expected="no picture: it is too old to be shown",
            seen="the old picture",
        )


def account(g: Grading) -> None:
    e = started(g, "account")
    own(e, ACCOUNT, "account")
    ann = edge.Browser(e, "Ann")
    ann.get(ACCOUNT)
    asked = e.asked
    e.forward(55)
    ann.get(ACCOUNT)
    if e.asked != asked:
        raise Failed(
            "Ann goes back to her page after 55 seconds",
            expected="her browser asks nobody",
            seen="her browser asks the edge",
        )
    e.app.edition += 1
    e.forward(10)
    if (saw := ann.get(ACCOUNT)) != "account of Ann, edition 2":
        raise Failed("Ann opens her page after 65 seconds", expected="account of Ann, edition 2", seen=saw)


def paused(g: Grading) -> None:
    e = started(g, "paused")
    e.app.down = True
    ann = edge.Browser(e, "Ann")
    ann.get(PAGE)
    answer = e.get(PAGE, "", "en")
    after = answer.headers.get("Retry-After", "")
    if not (after.isdecimal() and 1 <= int(after) <= 60):
        raise Failed(
            "The shop is being repaired, and the answer does not say when to try again",
            expected="Retry-After: 1 … 60 seconds",
            seen=f"Retry-After: {after}" if after else "no Retry-After",
        )
    e.app.down = False
    saw = edge.Browser(e, "Bob").get(PAGE)
    keepers = ["Ann's browser"] * (PAGE in ann.kept) + ["the edge"] * (not saw.startswith("page"))
    if keepers:
        raise Failed(
            "The shop is repaired, and somebody still has the answer that says it is paused",
            expected="nobody has kept it",
            seen=f"kept by {' and by '.join(keepers)}",
        )


def offset_of_one(g: Grading) -> None:
    expect_offset(g, [(1000, 5000, 1000)], (4000, 4000), "an answer that took no time")
    expect_offset(g, [(1000, 5000, 1080)], (3920, 4000), "an answer that took 80 ms")
    expect_offset(g, [(9000, 5000, 9010)], (-4010, -4000), "a server whose clock is behind ours")
    expect_offset(g, [], None, "no answer at all")
    expect_offset(g, [(2000, 5000, 1000)], None, "an answer that was here before it was asked for")


def offset_of_many(g: Grading) -> None:
    for count in (2, 5, 20):
        samples, low, high = draw(g, count)
        expect_offset(g, samples, (low, high), f"{count} answers, each on its own way there and back")
        expect_offset(g, samples[:1], one(samples[0]), "the first of these answers, asked about again")


def never_early(g: Grading) -> None:
    for _ in range(5):
        samples, low, _ = draw(g, 3)
        now = samples[-1][2]
        opens = now + low + g.random.randrange(1000, 60000)
        expect_wait(g, opens, now, samples, opens - now - low, "the sale opens in a while")
    samples, low, _ = draw(g, 3)
    now = samples[-1][2]
    expect_wait(g, now + low - 10000, now, samples, 0, "the sale opened ten seconds ago")
    expect_wait(g, now, now, [], None, "nobody has told us the server's time")


# --- what the checks share ---


def started(g: Grading, *names: str) -> Any:
    """An app whose answers called `names` have the student's headers and all others none, behind nginx."""
    theirs = {name: headers(g, name) for name in names}
    return g.open.enter_context(edge.running(NOTHING | theirs, g.servers.sockets.mysql.parent))


def headers(g: Grading, name: str) -> dict[str, str]:
    """What headers.toml says of one answer."""
    try:
        said = tomllib.loads(g.text("headers.toml")).get(name, {})
    except tomllib.TOMLDecodeError as error:
        raise Failed(f"The file headers.toml cannot be read: {error}") from None
    if not said:
        raise NotStarted(f"[{name}] in headers.toml is still empty")
    if not isinstance(said, dict):
        raise Failed(f"In headers.toml, {name} is no table", expected=f"[{name}]", seen=said)
    for header, value in said.items():
        if header.lower() not in ALLOWED:
            raise Failed(
                f"The answer [{name}] has the header {header}, which does not count here",
                expected="Cache-Control, Vary, Retry-After",
                seen=header,
            )
        if not (isinstance(value, str) and VALUE.fullmatch(value)):
            raise Failed(f"[{name}]: {header} is no line of plain text", expected='"…"', seen=value)
    return said


def crowd(e: Any, path: str) -> None:
    """Visitors who have never been here, each with a session of its own."""
    for number in range(MANY):
        edge.Browser(e, f"buyer {number}").get(path)


def own(e: Any, path: str, what: str) -> None:
    """Ann looks, and then Bob: each sees what is theirs."""
    for buyer in ("Ann", "Bob", "Ann"):
        saw = edge.Browser(e, buyer).get(path)
        if saw != (wanted := f"{what} of {buyer}, edition 1"):
            raise Failed(f"{buyer} opens {path} after somebody else did", expected=wanted, seen=saw)


def expect_hits(e: Any, path: str, wanted: int, what: str) -> None:
    if (seen := e.app.hits[path]) != wanted:
        raise Failed(f"{what}: how often was the app asked so far?", expected=wanted, seen=seen)


def expect_new(e: Any, path: str, ann: Any, seconds: int) -> None:
    """What has changed is seen by everybody so many seconds later; one of them asks the app."""
    e.app.edition += 1
    e.forward(seconds)
    for who, browser in (("Ann, who has seen the old one,", ann), ("A newcomer", edge.Browser(e))):
        saw = browser.get(path)
        if "edition 2" not in saw:
            raise Failed(
                f"What is at {path} has changed; {who} looks at it {seconds} seconds later",
                expected="edition 2",
                seen=saw,
            )
    before = e.app.hits[path]
    crowd(e, path)
    expect_hits(e, path, before, f"{path} was fetched anew, and {MANY} others look")


Triple = tuple[int, int, int]


def one(sample: Triple) -> tuple[int, int]:
    """What one sample says: [server - received, server - sent]."""
    sent, server, received = sample
    return server - received, server - sent


def draw(g: Grading, count: int, truth: int | None = None, at: int = 10**6) -> tuple[list[Triple], int, int]:
    """Samples of a server whose clock is ahead by some `truth`, and what they say together."""
    truth = g.random.randrange(-90000, 90000) if truth is None else truth
    samples = []
    for _ in range(count):
        there, back = g.random.randrange(400), g.random.randrange(400)
        samples.append((at, at + there + truth, at + there + back))
        at += there + back + g.random.randrange(1000)
    said = [one(sample) for sample in samples]
    return samples, max(low for low, _ in said), min(high for _, high in said)


def expect_offset(g: Grading, samples: Sequence[Triple], wanted: tuple[int, int] | None, what: str) -> None:
    answer = g.attempt("offset_of", samples=samples)
    told = answer.value
    if answer.error or told != (list(wanted) if wanted else None):
        raise Failed(
            f"Offset of {what}",
            expected=f"{wanted} for {shown(samples)}",
            seen=answer.error or (tuple(told) if isinstance(told, list) else str(told)),
        )


def expect_wait(
    g: Grading, opens: int, now: int, samples: Sequence[Triple], wanted: int | None, what: str
) -> None:
    told = g.call("wait_of", opens=opens, now=now, samples=samples)
    if told != wanted:
        early = isinstance(told, int) and wanted is not None and told < wanted
        raise Failed(
            f"How long the button waits when {what}" + (": a press could come too early" if early else ""),
            expected=f"{wanted} for opens={opens}, now={now}, {shown(samples)}",
            seen=str(told),
        )


def shown(samples: Sequence[Triple]) -> str:
    text = ", ".join(map(str, samples[:3]))
    return f"[{text}{', …' if len(samples) > 3 else ''}] (sent, server, received)"
