"""One contest: a fresh sale on a running stage, a crowd sent at it, and the oracle's judgement."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any

from common.catalog import find_sale
from common.proof.crowd import Press, Target, plan, run, spike
from common.proof.facts import Facts, load, read_counter, read_tickets
from common.proof.history import Told, answers_per_second, drain, quantile, quantile_to_end
from common.proof.oracle import Verdict, judge
from common.running import Running
from common.seed import demo_tokens
from common.stages import Stage
from common.web.answers import rfc3339

LIMIT = 2  # units one buyer may own
SPREAD = 0.5  # seconds within which everybody presses
PATIENCE = 60  # seconds a buyer waits, and comes again: the demo is about what they are told in the end


@dataclass(frozen=True)
class Crowd:
    """The crowd of one demo. The same one, press by press, meets each stage."""

    buyers: int
    units: int
    seed: int

    @cached_property
    def presses(self) -> list[Press]:
        return plan(range(1, self.buyers + 1), spike(SPREAD), self.seed)


@dataclass(frozen=True)
class Result:
    """What became of one contest."""

    stage: Stage
    facts: Facts
    verdicts: list[Verdict]

    @property
    def oversold(self) -> int:
        return self.facts.oversold

    @property
    def kept_everything(self) -> bool:
        """Every verdict is "kept"; an unknown one is not enough."""
        return all(verdict.state == "kept" for verdict in self.verdicts)

    @cached_property
    def outcomes(self) -> Counter[str]:
        return Counter(told.outcome for told in self.facts.history)

    def figures(self) -> dict[str, Any]:
        """The figures as JSON. Times in milliseconds, from the planned press to the answer."""
        history = self.facts.history
        return {
            "stage": self.stage.name,
            "units": self.facts.sale.initial,
            "sold": self.facts.sold,
            "oversold": self.facts.oversold,
            "buyers_over_limit": len(self.facts.over_limit),
            "acknowledged_but_missing": len(self.facts.missing),
            "attempts": len(history),
            **{outcome: self.outcomes[outcome] for outcome in ("accepted", "refused", "unknown")},
            "sent_away": sum(told.sent_away for told in history),
            "units_accepted": sum(told.quantity for told in history if told.outcome == "accepted"),
            "reasons": dict(Counter(told.code for told in history if told.code)),
            "p50_ms": milliseconds(quantile(history, 0.50)),
            "p99_ms": milliseconds(quantile(history, 0.99)),
            "p99_to_end_ms": milliseconds(quantile_to_end(history, 0.99)),
            "drain_ms": milliseconds(drain(history)),
            "answers_per_second": round(answers_per_second(history) or 0),
            "latest_press_ms": milliseconds(max(told.sent_at - told.planned_at for told in history)),
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
        }


class Spectator:
    """Hears how a contest goes, as it goes. This one does not care."""

    def opened(self, running: Running, sale_id: int) -> None:
        """The sale is open, the crowd is about to come."""

    def told(self, running: Running, told: Told) -> None:
        """One more attempt has been answered for good."""

    def judged(self, running: Running, result: Result) -> None:
        """It is over."""


NOBODY = Spectator()


def hold(running: Running, crowd: Crowd, spectator: Spectator = NOBODY) -> Result:
    """Open a sale, send the crowd, and judge once everybody knows what they got."""
    sale_id = open_sale(running, crowd.units)
    spectator.opened(running, sale_id)
    with running.database() as db:
        opened = find_sale(db, sale_id)
    tokens = dict(enumerate(demo_tokens(running.settings, crowd.buyers), start=1))
    target, on_told = Target(running.url, sale_id, tokens), partial(spectator.told, running)
    history = run(target, crowd.presses, patience=PATIENCE, comes_again=True, on_told=on_told)
    everyone_knows = all(told.ended_at is not None for told in history)
    with running.database() as db, running.redis() as redis:
        counter = read_counter(redis, running.stage.code, sale_id)
        tickets = read_tickets(redis, running.stage.code, sale_id)
        earlier = [opened] if opened else []
        facts = load(db, counter, sale_id, history, at_rest=everyone_knows, earlier=earlier, tickets=tickets)
    result = Result(running.stage, facts, judge(facts))
    spectator.judged(running, result)
    return result


def open_sale(running: Running, units: int, limit: int = LIMIT, opens_in: float = 0) -> int:
    """The id of a new sale that is open for an hour, from so many seconds after now on.

    It is for a crowd of our own: a door, if there is one, lets all of them in.
    """
    opens_at = datetime.now(UTC) + timedelta(seconds=opens_in)
    fields = {
        "title": "The kettle everybody wants",
        "title_zh": "人人都想要的水壶",
        "image": "kettle",
        "price_cents": 990,
        "list_price_cents": 9900,
        "buyer_limit": limit,
        "opens_at": rfc3339(opens_at),
        "closes_at": rfc3339(opens_at + timedelta(hours=1)),
        "units": units,
    }
    sale_id = int(running.admin("POST", "/api/admin/sales", fields)["id"])
    running.admin("POST", f"/api/admin/sales/{sale_id}/publish")
    running.trust_everybody()
    return sale_id


def milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
