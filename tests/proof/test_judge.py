"""The black-box judge finds out about a shop it knows nothing of, from outside."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from common.cli.judge import judge
from common.lab import Lab
from common.lab.sockets import answers
from common.proof import blackbox, crowd, oracle
from common.proof.crowd import CrowdError

SHOP = Path(__file__).with_name("strangers_shop.py")
BUYERS = 40


@pytest.fixture
def stranger() -> Iterator[Callable[[str], str]]:
    """`stranger("careless")`: the address of a shop of that manner."""
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(()))

        def open_shop(manner: str) -> str:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            argv = [sys.executable, str(SHOP), str(port), manner]
            lab.start_process(f"stranger-{manner}", argv, ready=answers(port, "/api/sales/1"))
            return f"http://127.0.0.1:{port}"

        yield open_shop


def verdicts(url: str) -> dict[str, oracle.Verdict]:
    shop = blackbox.Outside(url)
    tokens = {number: shop.sign_in(f"buyer{number}", "demo") for number in range(1, BUYERS + 1)}
    facts = blackbox.examine(shop, 1, tokens, crowd.plan(list(tokens), crowd.spike(0.05), seed=1))
    assert sum(told.outcome == "accepted" for told in facts.history) > 1, "no crowd, no judgement"
    return {verdict.name: verdict for verdict in oracle.judge(facts)}


def test_a_careful_shop_is_found_to_keep_everything(stranger: Callable[[str], str]) -> None:
    found = verdicts(stranger("careful"))
    assert {verdict.state for verdict in found.values()} == {"kept"}, found


def test_a_careless_shop_is_found_to_oversell(stranger: Callable[[str], str]) -> None:
    found = verdicts(stranger("careless"))
    assert found["no_oversell"].state == "broken", found
    assert found["acknowledged"].state == "kept", found


def test_a_shop_that_forgets_orders_is_found_out(stranger: Callable[[str], str]) -> None:
    found = verdicts(stranger("forgetful"))
    assert found["acknowledged"].state == "broken", found
    assert found["conserved"].state == "broken", found


def test_a_shop_that_sends_buyers_away_is_taken_at_its_word(stranger: Callable[[str], str]) -> None:
    """That nothing was taken is a clear no: it leaves nothing open, and an order gives the lie to it."""
    found = verdicts(stranger("shedding"))
    assert {verdict.state for verdict in found.values()} == {"kept"}, found
    found = verdicts(stranger("denying"))
    assert found["acknowledged"].state == "broken", found
    assert any("was told busy" in line for line in found["acknowledged"].evidence)


def test_a_shop_with_a_queue_is_judged_by_what_its_tickets_ended_as(stranger: Callable[[str], str]) -> None:
    found = verdicts(stranger("queueing"))
    assert {verdict.state for verdict in found.values()} == {"kept"}, found


def test_a_shop_whose_tickets_lie_is_found_out(stranger: Callable[[str], str]) -> None:
    found = verdicts(stranger("lying"))
    assert found["acknowledged"].state == "broken", found


def test_a_second_crowd_is_judged_by_what_it_found(stranger: Callable[[str], str]) -> None:
    """What was sold before is neither an oversell nor an order out of nowhere."""
    url = stranger("careful")
    shop = blackbox.Outside(url)
    tokens = {number: shop.sign_in(f"buyer{number}", "demo") for number in range(1, 6)}
    presses = crowd.plan(list(tokens), crowd.spike(0.05), seed=1)
    blackbox.examine(shop, 1, tokens, presses)
    facts = blackbox.examine(shop, 1, tokens, crowd.plan(list(tokens), crowd.spike(0.05), seed=2))
    assert facts.sale.initial < 20
    assert {verdict.state for verdict in oracle.judge(facts)} <= {"kept", "unknown"}


def test_the_command_says_its_verdict_and_exits_by_it(stranger: Callable[[str], str]) -> None:
    for manner, code, mark in (("careful", 0, "✔ no_oversell"), ("careless", 1, "✘ no_oversell")):
        options = ["--buyers", str(BUYERS), "--login", "buyer{}:demo", "--seconds", "0.05"]
        result = CliRunner().invoke(judge, [stranger(manner), *options], standalone_mode=False)
        assert result.return_value == code, result.output
        assert mark in result.output


def test_the_restart_command_runs_in_mid_crowd(stranger: Callable[[str], str], tmp_path: Path) -> None:
    url, mark = stranger("careful"), tmp_path / "restarted"
    options = ["--buyers", "10", "--login", "buyer{}:demo", "--restart", f"touch {mark}"]
    CliRunner().invoke(judge, [url, *options], standalone_mode=False, catch_exceptions=False)
    assert mark.exists()


def test_a_shop_that_is_not_there_is_a_clear_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(CrowdError, match="was not answered"):
            blackbox.Outside(url).sign_in("buyer00001", "demo")
