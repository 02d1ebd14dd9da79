"""The shop's vocabulary: the few types and protocols that every stage is a composition of.

A stage never changes these. It writes one of the small protocols below (a `Catalog`, a `Stock`, a whole
`Buy`) and hands it to `Shop`. Each type names the stage where a reader first meets it.

Money is integer cents. Times are aware `datetime`s in UTC, from the server's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

SaleState = Literal["draft", "published", "closed"]
TicketState = Literal["queued", "working", "ordered", "refused"]
Change = Literal["created", "changed", "published", "closed", "restocked"]


@dataclass(frozen=True)
class Sale:
    """One flash sale of one product (s01).

    `stock` is what the ledger says is left at the moment the row was read: an answer about the past.
    `version` grows by one with every change made in the back office (price, window, close, restock).
    """

    id: int
    title: str
    title_zh: str
    image: str
    price_cents: int
    list_price_cents: int
    initial: int
    stock: int
    buyer_limit: int
    opens_at: datetime
    closes_at: datetime
    state: SaleState
    version: int

    def check_open(self, now: datetime) -> None:
        """Raise `NotOpen` or `Ended` unless the sale sells at `now` (opens <= now < closes).

        A draft is `NoSuchSale`: nobody learns that it exists.
        """
        if self.state == "draft":
            raise NoSuchSale
        if now < self.opens_at:
            raise NotOpen(opens_at=self.opens_at)
        if self.state == "closed" or now >= self.closes_at:
            raise Ended


@dataclass(frozen=True)
class LastKnownSale(Sale):
    """A sale as it was known at `known_at`, since when nobody could be asked: any of it may be old (s10)."""

    known_at: datetime


@dataclass(frozen=True)
class Attempt:
    """One press of the buy button (s01).

    `key` is the buyer's Idempotency-Key: two attempts with the same buyer, sale and key are the same press
    sent twice. Before s05 nobody looks at it. `deadline` is when the buyer stops waiting (s10), `permit` is
    s09's, `shadow` marks test traffic (s19).
    """

    id: str
    sale_id: int
    buyer_id: int
    quantity: int
    key: str
    client: str
    deadline: datetime
    permit: str | None = None
    shadow: bool = False


@dataclass(frozen=True)
class Order:
    """A promise kept: these units belong to this buyer (s01). `price_cents` is for one unit."""

    id: str
    sale_id: int
    buyer_id: int
    quantity: int
    price_cents: int
    status: str
    created_at: datetime

    @property
    def total_cents(self) -> int:
        return self.quantity * self.price_cents


@dataclass(frozen=True)
class Ticket:
    """A promise to answer later (s06).

    It moves only forward: `queued`, `working`, then `ordered` (with `order_id`) or `refused` (with `problem`,
    the `type` of a `Refused`). `id` cannot be guessed, and who is not `buyer_id` is told that there is none.
    """

    id: str
    sale_id: int
    buyer_id: int
    state: TicketState
    order_id: str | None = None
    problem: str | None = None

    @property
    def ended(self) -> bool:
        """Whether this is the last word."""
        return self.state in ("ordered", "refused")


Outcome = Order | Ticket


class Refused(Exception):
    """The shop says no, and says why. Not a fault: nothing was taken, and the buyer gets a clear answer.

    `type`, `status` and `title` become the problem document (RFC 9457) of the HTTP answer.
    """

    type = "refused"
    status = 409
    title = "Refused"

    def __init__(self, detail: str = "", *, retry_after: float | None = None, **members: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.retry_after = retry_after
        self.members = members


class SoldOut(Refused):
    """Fewer units are left than were asked for (s01)."""

    type, title = "sold_out", "Sold out"


class LimitReached(Refused):
    """The buyer would own more units than the sale allows one buyer (s01)."""

    type, title = "limit_reached", "Purchase limit reached"


class NotOpen(Refused):
    """The sale has not begun (s01)."""

    type, status, title = "not_open", 403, "The sale is not open yet"


class Ended(Refused):
    """The sale is over (s01)."""

    type, status, title = "ended", 410, "The sale has ended"


class NoSuchSale(Refused):
    """No published sale has this id (s01)."""

    type, status, title = "not_found", 404, "No such sale"


class Invalid(Refused):
    """The request makes no sense, and says which field (s01). `errors` is a list of {"field", "message"}."""

    type, status, title = "invalid", 422, "Invalid request"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", errors=[{"field": field, "message": message}])


class Busy(Refused):
    """Too much is going on at this moment; trying again later helps (s02: retries used up).

    Programs read in `taken` that this request has taken no unit. What the same press took when it was sent
    before is another matter.
    """

    type, status, title = "busy", 503, "Busy, please try again"

    def __init__(self, detail: str = "", *, retry_after: float = 1) -> None:
        super().__init__(detail, retry_after=retry_after, taken=False)


class Unclear(Refused):
    """No refusal, though it is told like one: a server did not answer, and nobody knows what was taken (s10).

    So it is `busy` without `taken`. The same press sent again, with its key, is told how it ended (from s05).
    """

    type, status, title = Busy.type, Busy.status, Busy.title


class TooMany(Refused):
    """More presses than a limit allows (s08). `limit` is its name, `count` in `seconds` what it allows."""

    type, status, title = "too_many", 429, "Too many requests"


class PermitRequired(Refused):
    """This shop has a door, and the press came without a permit (s09)."""

    type, status, title = "permit_required", 403, "Get a purchase permit first"


class PermitInvalid(Refused):
    """The permit is forged, somebody else's, for another sale, expired, or used up (s09)."""

    type, status, title = "permit_invalid", 403, "The purchase permit is not valid"


class TurnedAway(Refused):
    """Too much speaks against this visitor to let them in (s09)."""

    type, status, title = "turned_away", 403, "You are not let in"


def refusal(problem: str) -> Refused:
    """The refusal whose `type` was written down as `problem` (s06)."""
    for kind in (SoldOut, LimitReached, NotOpen, Ended, NoSuchSale, Busy, TooMany):
        if kind.type == problem:
            return kind()
    return Refused()


Buy = Callable[[Attempt], Outcome]
"""Takes an attempt, returns an order (or a ticket), or raises `Refused`."""


class Catalog(Protocol):
    """Where pages and checkouts read sales (s01 asks MariaDB; s03 puts two caches before it)."""

    def get(self, sale_id: int) -> Sale | None:
        """The sale, or None when no sale has this id. Drafts too: who may see them is the web's business."""

    def list(self) -> list[Sale]:
        """Every sale that is not a draft, the next to open first."""


@dataclass(frozen=True)
class Reservation:
    """Units set aside for one attempt (s05). `token` is opaque except to the `Stock` that made it."""

    attempt: Attempt
    token: str


class Stock(Protocol):
    """Units that can be set aside, then kept or returned (s05)."""

    def reserve(self, attempt: Attempt) -> Reservation: ...
    def confirm(self, reservation: Reservation) -> None: ...
    def release(self, reservation: Reservation) -> None: ...


class Ledger(Protocol):
    """Writes orders to the database (s05 passes a batch of one, s07 of five hundred)."""

    def place(self, batch: Sequence[Reservation]) -> list[Order | Refused]: ...


class Gate(Protocol):
    """Stands around the buy: refuse, answer early, or let it proceed (s08)."""

    def __call__(self, attempt: Attempt, proceed: Buy) -> Outcome: ...


@dataclass(frozen=True)
class Limit:
    """No more than `count` presses in `seconds` (s08). How exactly that is meant, the limiter says."""

    count: int
    seconds: int


class Limits(Protocol):
    """What the back office may say about how often people press, at any time (s08)."""

    def show(self) -> dict[str, Limit | None]:
        """Every limit by its name, as it is in force now. None: that one is off."""

    def change(self, limits: Mapping[str, Limit | None]) -> None:
        """Put these in force, all at once; others stay as they are. Names are those of `show`."""


@dataclass(frozen=True)
class Solution:
    """The answer to a challenge: its `token`, and what was found by `work`, or else the answer in `words`."""

    token: str
    work: str = ""
    words: str = ""


@dataclass(frozen=True)
class Visit:
    """Somebody at the door of a sale who wants to buy (s09).

    `client` is the address; `device` and `came_from` are what the browser says of itself and of the page
    before (anybody may write there what they like); `trapped`: filled in a field that no person can see.
    """

    sale_id: int
    buyer_id: int
    client: str
    device: str = ""
    came_from: str = ""
    solution: Solution | None = None
    trapped: bool = False


@dataclass(frozen=True)
class Permit:
    """The right to press once at one sale, until `expires_at`, for the buyer who got it (s09)."""

    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Wait:
    """No permit is free at this moment: come again after so many seconds (s09)."""

    seconds: float


@dataclass(frozen=True)
class Challenge:
    """Solve this first, one way or the other (s09).

    By work: find a text W of at most 20 ASCII digits such that the SHA-256 of "`token`:W" begins with `bits`
    zero bits. In words: answer `question`, which is there in each language, with a number.
    """

    token: str
    bits: int
    question: Mapping[str, str]


Entry = Permit | Wait | Challenge


class Door(Protocol):
    """Stands before the buy: who comes with its permit may press (s09)."""

    def enter(self, visit: Visit) -> Entry:
        """What the visitor gets. Raises `Refused` (NotOpen, SoldOut, TurnedAway …)."""


@dataclass(frozen=True)
class Ban:
    """`who` is not let in for `seconds` more: a buyer's id or an address, as `kind` says (s09)."""

    kind: Literal["buyer", "address"]
    who: str
    seconds: int


class Doorkeeper(Protocol):
    """What the back office may say about the door, at any time (s09)."""

    def settings(self) -> dict[str, int]:
        """Every setting of the door by its name, as it is in force now."""

    def change(self, settings: Mapping[str, int]) -> None:
        """Put these in force, all at once; others stay as they are. Names are those of `settings`."""

    def bans(self) -> list[Ban]:
        """Who is not let in, by kind and name."""

    def ban(self, ban: Ban) -> None:
        """Keep them out from now on for `ban.seconds`; 0 lets them in again."""


@dataclass(frozen=True)
class Switchboard:
    """What the back office may switch while the shop runs, as it is when nobody has switched anything (s10).

    `buying`: presses are taken. `queueing`: presses that have to wait are taken. `read_only`: nothing is
    changed, neither by buyers nor by the back office. `shed`: how many of a hundred presses are sent away.
    """

    buying: bool = True
    queueing: bool = True
    read_only: bool = False
    shed: int = 0


class Switches(Protocol):
    """Live switches (s10)."""

    def now(self) -> Switchboard:
        """As this process obeys them. Asks nobody."""

    def show(self) -> Switchboard:
        """As they are set, or, if that cannot be asked, as this process obeys them."""

    def change(self, changes: Mapping[str, bool | int]) -> None:
        """Switch these, in every process; others stay as they are. Names are those of `Switchboard`."""


class Tickets(Protocol):
    """Where a buyer asks what became of an attempt (s06)."""

    def get(self, ticket_id: str) -> Ticket | None:
        """The ticket as it is now, or None when there is none of this id (or no longer)."""

    def changes(self, stop: Callable[[], bool]) -> Iterator[str]:
        """Ids of tickets as they move, from now on, until `stop()` is true; one subscription for a whole
        process. An empty text says that moves may have been missed before it: it comes first, and again after
        each reconnect. Whoever waits for a ticket reads it again then."""


@dataclass(frozen=True)
class SaleChanged:
    """A domain event: the back office changed this sale, and the change is committed (s03)."""

    sale_id: int
    version: int
    what: Change


Listener = Callable[[SaleChanged], None]
"""Called after the commit, in the process that made the change. At most once: a crash may lose the call."""


class Task(Protocol):
    """A piece of background work with a JSON payload (s06). A worker or a consumer runs it, perhaps twice.

    `every` is for a timer, in seconds; no stage has one yet.
    """

    @property
    def every(self) -> float | None: ...

    def run(self, payload: dict[str, Any]) -> None: ...


class Service(Protocol):
    """A loop that runs beside the requests until `stop()` is true (s03).

    `where` is "web" for a thread in each web process, "own" for a process of its own.
    """

    @property
    def where(self) -> Literal["web", "own"]: ...

    def run(self, stop: Callable[[], bool]) -> None: ...


@dataclass(frozen=True)
class Shop:
    """A whole shop: what the web layer, the workers and the proof kit talk to. `create_shop` composes it.

    `silent` names what does not answer at the moment, as far as this process knows: "orders", "stock" (s10).
    """

    catalog: Catalog
    buy: Buy
    door: Door | None = None
    doorkeeper: Doorkeeper | None = None
    tickets: Tickets | None = None
    limits: Limits | None = None
    switches: Switches | None = None
    silent: Callable[[], Sequence[str]] = tuple
    listeners: Sequence[Listener] = ()
    tasks: dict[str, Task] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
