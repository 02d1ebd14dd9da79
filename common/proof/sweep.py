"""What a crash leaves behind: whoever does something with an order, killed after each of its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from common import schema
from common.backends import Backends
from common.backoffice import BackOffice
from common.journal import JOURNAL, TASK
from common.proof import crash, jobs, usual
from common.proof.facts import Facts, load, read_counter, read_tickets
from common.proof.oracle import judge
from common.proof.steps import Watcher
from common.settings import Settings
from common.shop import Attempt, LimitReached, Refused, Sale, Shop, SoldOut

BUYER = 1

CreateShop = Callable[[Backends], Shop]


@dataclass(frozen=True)
class BuyOnce:
    """One purchase, its round trips watched. Goes into a process of its own."""

    create_shop: CreateShop
    code: str
    settings: Settings
    attempt: Attempt

    def __call__(self, watcher: Watcher) -> object:
        return self.create_shop(Backends.connect(self.code, self.settings).observe(watcher)).buy(self.attempt)


@dataclass(frozen=True)
class WorkOnce:
    """One job run once (or one batch of a journal worked off), its round trips watched. Can be pickled."""

    create_shop: CreateShop
    code: str
    settings: Settings
    job: jobs.Queued

    def __call__(self, watcher: Watcher) -> object:
        shop = self.create_shop(Backends.connect(self.code, self.settings).observe(watcher))
        shop.tasks[self.job.task].run(self.job.payload)
        return None


@dataclass(frozen=True)
class Case:
    """A sale, and something that a process does there. `jobs` are those that it had in its hands."""

    sale: Sale
    operation: crash.Operation
    jobs: Sequence[jobs.Queued] = ()


@dataclass(frozen=True)
class Point:
    """One crash. `step` and `statement` are the last that was answered; `ordered`: there was an order then.

    `leaked` is what is wrong when everybody else has done what there was to do; empty when nothing is. Then
    the same buyer pressed once more, was `told` that, and `owned` so many units; `again`: what is wrong now.
    """

    step: int
    statement: str
    ordered: bool
    leaked: str
    told: str
    owned: int
    again: str


class Sweep:
    """A stage whose processes are killed at what they do: one for each round trip, at a sale of its own.

    After each crash others are alive: what the dead one had in its hands is done again, a queue or a journal
    is worked off, and only then is the shop judged. Guarantees that every step is a crash of its own, or
    raises `SweepError`.
    """

    def __init__(self, code: str, create_shop: CreateShop, settings: Settings) -> None:
        schema.prepare(settings.mysql_url, code)
        self._code, self._create_shop, self._settings = code, create_shop, settings
        self.backends = Backends.connect(code, settings)
        self._shop = usual.trusting(usual.uncounted(create_shop(self.backends)))
        self._office = BackOffice(self.backends.sql, self._shop.listeners)

    def close(self) -> None:
        self.backends.pool.close()
        self.backends.stock.connection_pool.disconnect()

    @property
    def parts(self) -> Mapping[str, Callable[[], Case]]:
        """What a process of this shop may be killed at. Each case is at a sale of its own."""
        tasks = self._shop.tasks
        found = {"buying": self._buying} | ({"writing orders": self._working} if tasks else {})
        return found | ({"taking over": self._taking_over} if TASK in tasks else {})

    def points(self, prepare: Callable[[], Case]) -> Iterator[Point]:
        """A crash after the first step, after the second, … after the last."""
        for step in range(1, crash.count_steps(prepare().operation) + 1):
            case = prepare()
            dead = crash.die_after(step, case.operation)
            with self.backends.sql() as db:
                crash.wait_until_gone(db, dead.sessions)
            ordered = bool(self._facts(case.sale).orders)
            yield self.recover(case, step, dead.steps[-1], ordered)

    def recover(self, case: Case, step: int, statement: str, ordered: bool = False) -> Point:
        """Everybody else does what there is to do; then the buyer presses once more, with another key."""
        sale = case.sale
        for job in case.jobs:
            self._shop.tasks[job.task].run(job.payload)
        jobs.work_off(self._shop, self.backends, sale.id)
        leaked, told = self._broken(sale), self._press_again(sale)
        owned = self._facts(sale).bought[BUYER]
        again = [self._broken(sale)] + [f"the buyer owns {owned} and is told {told}"] * (owned != 1)
        return Point(step, statement, ordered, leaked, told, owned, "; ".join(filter(None, again)))

    def _buying(self) -> Case:
        sale = self._new_sale(units=1)
        return Case(sale, BuyOnce(self._create_shop, self._code, self._settings, self._attempt(sale)))

    def _working(self) -> Case:
        """Two buyers have tickets; the first job is worked off (a journal has one batch of both)."""
        sale = self._new_sale(units=2)
        for buyer in (BUYER, BUYER + 1):
            self._shop.buy(self._attempt(sale, buyer))
        had = jobs.take_all(self._shop, self.backends, sale.id)
        return Case(sale, WorkOnce(self._create_shop, self._code, self._settings, had[0]), had)

    def _taking_over(self) -> Case:
        """A consumer has died with the batch in its hands, some time ago; another one takes it over."""
        case = self._working()
        crash.die_after(2, case.operation)  # it has asked what others left, and has read
        jobs.let_time_pass(self.backends, case.sale.id)
        if self._pending(case.sale) != 1:
            raise crash.SweepError("the batch was not in the hands of the dead")
        return case

    def _pending(self, sale: Sale) -> int:
        """How often the first of the entries that somebody has was handed out; 0 when nobody has any."""
        redis, key = self.backends.stock, self.backends.keys(sale.id, JOURNAL)
        [group] = redis.xinfo_groups(key)
        found = redis.xpending_range(key, group["name"], "-", "+", 1)
        return int(found[0]["times_delivered"]) if found else 0

    def _press_again(self, sale: Sale) -> str:
        """What the same buyer is told."""
        try:
            outcome = self._shop.buy(self._attempt(sale))
        except (SoldOut, LimitReached) as refused:
            return refused.type
        jobs.work_off(self._shop, self.backends, sale.id)
        end = jobs.end_of(outcome, self._shop, self.backends)
        return end.type if isinstance(end, Refused) else "an order"

    def _attempt(self, sale: Sale, buyer: int = BUYER) -> Attempt:
        return usual.let_in(self._shop, usual.attempt(sale.id, buyer, self.backends.clock()))

    def _new_sale(self, units: int) -> Sale:
        return usual.sale(self._office, self.backends.clock(), units)

    def _facts(self, sale: Sale) -> Facts:
        counter = read_counter(self.backends.stock, self._code, sale.id)
        tickets = read_tickets(self.backends.stock, self._code, sale.id)
        with self.backends.sql() as db:
            return load(db, counter, sale.id, [], at_rest=True, earlier=[sale], tickets=tickets)

    def _broken(self, sale: Sale) -> str:
        """What the oracle finds broken, or nothing."""
        verdicts = judge(self._facts(sale))
        return "; ".join(f"{each.name}: {each.sentence}" for each in verdicts if each.state == "broken")
