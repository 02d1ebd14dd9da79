"""The black-box judge finds out about a shop it knows nothing of, from outside."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize("command", ["exit 3", "sleep 9"])
def test_a_restart_that_did_not_happen_is_no_verdict(
    stranger: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(blackbox, "RESTARTED_WITHIN", 0.5)
    options = ["--buyers", "1", "--login", "buyer{}:demo", "--seconds", "0.05", "--restart", command]
    with pytest.raises(CrowdError, match="nothing is proved"):
        CliRunner().invoke(
            judge, [stranger("careful"), *options], standalone_mode=False, catch_exceptions=False
        )


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/session", {}),
        ("/api/sales/1", {"units": 5}),
        ("/api/orders", {}),
        ("/api/orders", {"orders": [{"id": "1"}]}),
        ("/api/orders", {"orders": 7}),
    ],
)
def test_an_answer_without_what_the_contract_says_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, path: str, answer: object
) -> None:
    shop = blackbox.Outside("http://127.0.0.1:8000")
    monkeypatch.setattr(shop, "_call", lambda *_args, **_more: answer)
    ask = {
        "/api/session": lambda: shop.sign_in("buyer00001", "demo"),
        "/api/sales/1": lambda: shop.sale(1),
        "/api/orders": lambda: shop.orders(1, 1, "token"),
    }
    with pytest.raises(CrowdError, match=f"{path} lacks something, or has it wrong"):
        ask[path]()


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://127.0.0.1/", "http://[::1", "http://", "http://h:99999"]
)
def test_what_is_no_address_is_a_clear_error(url: str) -> None:
    with pytest.raises(CrowdError, match="no address of a shop"):
        blackbox.Outside(url)


@pytest.mark.parametrize("login", ["demo", "buyer:demo", "{x}:demo", "{:zz}:demo", "{.x}:demo", "{{}:demo"])
def test_a_login_without_a_place_for_the_number_is_a_clear_error(login: str) -> None:
    result = CliRunner().invoke(judge, ["http://127.0.0.1:8000", "--login", login])
    assert result.exit_code == 2
    assert "NAME:PASSWORD" in result.output


def test_a_server_that_speaks_no_http_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor(1) as beside:

        def answer() -> None:
            asked, _ = other.accept()
            with asked:
                asked.recv(4096)
                asked.sendall(b"-ERR unknown command\r\n")

        beside.submit(answer)
        with pytest.raises(CrowdError, match="was not answered"):
            blackbox.Outside(f"http://127.0.0.1:{other.getsockname()[1]}").sign_in("buyer00001", "demo")


def test_a_shop_that_is_not_there_is_a_clear_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(CrowdError, match="was not answered"):
            blackbox.Outside(url).sign_in("buyer00001", "demo")
