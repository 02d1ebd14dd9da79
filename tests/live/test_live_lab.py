"""The live lab shows what is so, its buttons do what they say, and only for whoever has the key."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.request import urlopen

import pytest

from tests.cli.conftest import Command, command
from tests.live.page import Page, Reading

__all__ = ["command"]  # a fixture

pytestmark = pytest.mark.slow


def states(reading: Reading) -> dict[str, str]:
    return {verdict["name"]: verdict["state"] for verdict in reading["verdicts"]}


@contextmanager
def pressed(page: Page, name: str) -> Iterator[None]:
    """The button is pressed during the block; it does what it says by its end."""
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(page.press, name)
        yield
        assert answer.result(60)[0] == 200, answer.result()


@pytest.fixture
def page(command: Callable[..., Command], request: pytest.FixtureRequest) -> Iterator[Page]:
    shop = command("up", request.param, "--lab")
    yield Page(shop.wait_for("Ctrl-C ends it"), "Live lab")
    shop.process.send_signal(signal.SIGINT)
    assert shop.wait() == 130
    assert "Traceback" not in shop.output
    assert "Task was destroyed" not in shop.output


@pytest.mark.parametrize("page", ["s01"], indirect=True)
def test_the_light_turns_red_on_a_stage_that_oversells(page: Page) -> None:
    assert page.press("new_sale")[0] == 200
    status, said = page.press("crowd")
    assert (status, "presses" in said) == (200, True)
    reading = page.until(lambda reading: states(reading).get("no_oversell") == "broken")
    assert reading["facts"]["sold"] > reading["facts"]["initial"] == 100
    assert reading["queue"] is reading["left_redis"] is None, "s01 has neither"


@pytest.mark.parametrize("page", ["s06", "s07"], indirect=True)
def test_it_goes_on_showing_while_what_it_shows_is_down(page: Page) -> None:
    page.press("new_sale")
    page.press("crowd")
    sold_out = page.until(lambda reading: bool(reading["facts"]) and reading["facts"]["orders"] >= 50)
    assert sum(sold_out["outcomes"].values()) >= 50
    page.until(lambda reading: set(states(reading).values()) == {"kept"})  # at rest: nothing waits any more
    with pressed(page, "kill_redis"):
        page.until(lambda reading: not reading["up"]["Redis"] and reading["up"]["MariaDB"])
    page.until(lambda reading: reading["up"]["Redis"])
    with pressed(page, "kill_web"):
        page.until(lambda reading: not reading["up"]["web"] and bool(reading["facts"]))
    again = page.until(lambda reading: reading["up"]["web"] and bool(reading["verdicts"]))
    assert states(again)["no_oversell"] != "broken", "what a Redis without memory cannot break"


@pytest.mark.parametrize("page", ["s07"], indirect=True)
def test_what_waits_in_the_journal_is_shown_and_a_killed_consumer_is_replaced(page: Page) -> None:
    page.press("new_sale")
    page.press("crowd")
    with pressed(page, "pause_worker"):
        page.until(lambda reading: (reading["queue"] or 0) > 0)
    assert "was killed" in page.press("kill_worker")[1]
    done = page.until(lambda reading: bool(reading["facts"]) and reading["facts"]["orders"] >= 50)
    assert done["facts"]["sold"] <= 100
    page.until(lambda reading: reading["queue"] == 0 and set(states(reading).values()) == {"kept"})


@pytest.mark.parametrize("page", ["s05"], indirect=True)
def test_nobody_presses_a_button_without_the_key_or_one_that_is_not_there(page: Page) -> None:
    assert page.press("flush_redis", key="")[0] == 403
    assert page.press("flush_redis", key="wrong")[0] == 403
    assert page.press("kill_worker")[0] == 409, "s05 has no workers"
    assert page.press("new_sale")[0] == 200, "power check: the key works"
    about = next(page.events("about"))
    with urlopen(f"{about['shop']}/lab", timeout=10) as answer:
        assert answer.url.startswith(page.site), "the shop leads to its lab"
        assert page.key not in answer.url, "and does not tell the key"
