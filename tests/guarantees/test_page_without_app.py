"""`page_without_app`: with every app process dead, page, assets and last state stand, and say "paused"."""

from __future__ import annotations

import re
import time
from contextlib import suppress

from common.demo.contest import open_sale
from common.running import Running
from common.web.i18n import LANGUAGES, messages
from tests.edge import Answer, Run, ask, press
from tests.guarantees.conftest import Cell
from tests.guarantees.finding import Finding

NOTICED_WITHIN = 5.0  # seconds
ASSET = re.compile(r'(?:href|src)="(/(?:static|assets)/[^"]+)"')


def look(running: Running) -> Finding:
    """Visit in both languages, kill the web processes with -9, visit again."""
    sale_id = open_sale(running, units=5)
    before = visit(running, sale_id)
    bought = buy(running, sale_id)
    visit(running, sale_id)  # whoever looks last decides what the last known state is
    running.web.kill()
    give_up = time.monotonic() + NOTICED_WITHIN
    while (after := visit(running, sale_id)) and not says_paused(after) and time.monotonic() < give_up:
        pass  # a copy made while the app lived is good for a moment
    missing = sorted(name for name in before if name not in after)
    paused = says_paused(after)
    return Finding(
        kept=not missing and paused,
        met=len(before) >= 6 and bought in {201, 202} and buy(running, sale_id) not in {201, 202},
        evidence=f"of {len(before)} addresses that make up the page {len(missing)} were gone with the app,"
        f" and the page {'said' if paused else 'could not say'} that buying is paused",
    )


def says_paused(found: dict[str, Answer]) -> bool:
    """The state says that no app stands behind it, and the page has the words for that, in both languages."""
    state = [answer for name, answer in found.items() if name.startswith("/api/")]
    return all(answer.headers["Seckill-App"] == "down" for answer in state) and all(
        language in found and messages(language)["edge.paused"] in found[language].body.decode()
        for language in LANGUAGES
    )


def visit(running: Running, sale_id: int) -> dict[str, Answer]:
    """What a browser would load for the page of a sale, in both languages: whatever was answered 200."""
    found: dict[str, Answer] = {}

    def load(name: str, path: str, **headers: str) -> None:
        with suppress(OSError):
            answer = ask(running.url + path, headers=headers)
            if answer.status == 200:
                found[name] = answer

    for language in LANGUAGES:
        load(language, f"/sales/{sale_id}", Cookie=f"language={language}")
    for page in [found[language] for language in LANGUAGES if language in found]:
        for path in ASSET.findall(page.body.decode()):
            load(path, path)
    load(f"/api/sales/{sale_id}", f"/api/sales/{sale_id}")
    return found


def buy(running: Running, sale_id: int) -> int:
    """The status that a press is answered with; 0 when there is no answer."""
    with suppress(OSError):
        return press(running, sale_id).status
    return 0


def test_cell(cell: Cell, run: Run) -> None:
    cell.settle(look(run(cell.stage.code)))
