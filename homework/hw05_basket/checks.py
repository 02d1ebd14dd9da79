"""The checks of hw05. They run on the grader's side; the student's code only answers."""

from __future__ import annotations

import selectors
import socket
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from redis.exceptions import ResponseError

from common.proof.oracle import Verdict
from common.proof.schedule import Run
from common.shop import Refused, SoldOut
from homework.grader.authoring import Answer, Failed, Grading, Meeting, Part, Scene, broken

ANN, BOB = 1, 2
PRODUCTS = ("cup", "kettle", "lamp", "tea")
SCRIPTS = {"EVALSHA", "EVAL", "FCALL"}


def takes(g: Grading) -> None:
    scene = shelves(g, tea=5)
    answer = expect_taken(take(g, scene, ANN, "k1", tea=2), "Ann wants 2 of 5 teas")
    expect_left(g, scene, "Ann has taken 2 of 5 teas", tea=3)
    g.count(answer)


def last_unit(g: Grading) -> None:
    scene = shelves(g, tea=12)
    expect_sold_out(take(g, scene, ANN, "k1", tea=13), "Ann wants 13 of 12 teas", "tea")
    expect_taken(take(g, scene, ANN, "k2", tea=9), "Ann wants 9 of 12 teas")  # as text, 9 is more than 12
    expect_taken(take(g, scene, ANN, "k4", tea=3), "Ann wants 3 of 3 teas")
    expect_left(g, scene, "Ann has taken 12 of 12 teas", tea=0)
    expect_sold_out(take(g, scene, BOB, "k3", tea=1), "Bob wants a tea, and none is left", "tea")
    expect_left(g, scene, "Bob is refused a tea", tea=0)


def takes_all(g: Grading) -> None:
    wanted = {product: g.random.randint(1, 5) for product in PRODUCTS}
    left = {product: g.random.randint(0, 5) for product in PRODUCTS}
    scene = shelves(g, **{product: wanted[product] + left[product] for product in PRODUCTS})
    expect_taken(take(g, scene, ANN, "k1", **wanted), f"Ann wants {told(wanted)}, and all of it is there")
    expect_left(g, scene, f"Ann has taken {told(wanted)}", **left)


def nothing_if_short(g: Grading) -> None:
    for short in PRODUCTS:
        there = dict.fromkeys(PRODUCTS, 5) | {short: 1}
        scene = shelves(g, **there)
        what = f"Ann wants 2 of each, and there is 1 {short}"
        expect_sold_out(take(g, scene, ANN, "k1", **dict.fromkeys(PRODUCTS, 2)), what, short)
        expect_left(g, scene, what, **there)
    scene = shelves(g, cup=5, tea=5)
    what = "Ann wants a cup, a tea and a lamp, and Redis has never heard of a lamp"
    expect_sold_out(take(g, scene, ANN, "k1", cup=1, lamp=1, tea=1), what, "lamp")
    expect_left(g, scene, what, cup=5, tea=5)


def two_baskets(g: Grading) -> None:
    g.play(
        Meeting(
            name="two-baskets",
            title="Two buyers, the last tea and the last kettle",
            parts=[part("Ann", ANN, ["tea", "kettle"]), part("Bob", BOB, ["kettle", "tea"])],
            prepare=lambda: shelves(g, tea=1, kettle=1),
            judge=lambda scene, run: one_has_both(left(g, scene, "tea", "kettle"), run),
        )
    )


def no_false_sold_out(g: Grading) -> None:
    g.play(
        Meeting(
            name="no-false-sold-out",
            title="Ann wants a kettle and a tea, and there is no tea; Bob wants the last kettle",
            parts=[part("Ann", ANN, ["kettle", "tea"]), part("Bob", BOB, ["kettle"])],
            prepare=lambda: shelves(g, kettle=1, tea=0),
            judge=lambda scene, run: only_bob_has_it(left(g, scene, "kettle", "tea"), run),
        )
    )


def one_script(g: Grading) -> None:
    scene = shelves(g, tea=5, kettle=5)
    for what, wanted in (("is taken", {"tea": 1, "kettle": 1}), ("is refused", {"tea": 1, "kettle": 9})):
        heard = [each.name for each in take(g, scene, ANN, what, **wanted).sent]
        if len(heard) != 1 or heard[0] not in SCRIPTS:
            raise Failed(
                f"When a basket {what}, Redis is sent something else than one script",
                expected="EVALSHA",
                seen=", ".join(heard) or "nothing",
            )


def same_press(g: Grading) -> None:
    scene = shelves(g, tea=2, kettle=2, lamp=2)
    expect_taken(take(g, scene, ANN, "k1", tea=2, kettle=1), "Ann wants 2 teas and a kettle")
    what = "Ann's press comes again, and the tea is sold out by now"
    expect_taken(take(g, scene, ANN, "k1", kettle=1, tea=2), what)
    expect_left(g, scene, what, tea=0, kettle=1, lamp=2)
    for other in ({"tea": 2, "kettle": 2}, {"kettle": 1, "lamp": 2}, {"tea": 2}):
        what = f"Ann's press comes again, with {told(other)} instead of 2 tea, 1 kettle"
        expect_invalid(take(g, scene, ANN, "k1", **other), what)
        expect_left(g, scene, what, tea=0, kettle=1, lamp=2)
    what = "Bob's press has the same key as Ann's, and is another buyer's"
    expect_taken(take(g, scene, BOB, "k1", lamp=1), what)
    expect_left(g, scene, what, tea=0, kettle=1, lamp=1)
    expect_sold_out(take(g, scene, BOB, "k2", tea=1), "Bob wants a tea, and none is left", "tea")
    g.backends.stock.incrby(scene["left:tea"], 1)
    expect_taken(take(g, scene, BOB, "k2", tea=1), "Bob was refused, a tea came back, and he presses again")


def lost_reply(g: Grading) -> None:
    scene = shelves(g, tea=5, kettle=5)
    folder = Path(g.open.enter_context(tempfile.TemporaryDirectory(prefix="seckill-cut-")))
    folder.chmod(0o755)
    with ReplyCut(folder / "redis.sock", g.servers.sockets.redis) as cut:
        box = g.new_box(actors=1, bind={"/run/cut": folder})
        arguments = ask(scene, ANN, "k1", tea=2, kettle=1)
        arguments["socket"] = box.path("/run/cut") + "/redis.sock"
        answer = box.channels[0].call("take_through", arguments)
    if not cut.lost:
        raise Failed("No script is sent whose reply could get lost", expected="a script", seen=error(answer))
    what = "Redis has run the script, and its reply is lost"
    units = left(g, scene, "tea", "kettle")
    if units != {"tea": 3, "kettle": 4}:
        raise Failed(f"{what}: the basket is not taken once", expected="3 tea, 4 kettle", seen=told(units))
    expect_taken(answer, what)


# --- what the checks share ---


def shelves(g: Grading, **units: int) -> Scene:
    """A new sale in Redis with so many units of each product."""
    sale_id = 7000000 + g.random.randrange(1_000_000)
    names = {name: g.backends.keys(sale_id, name) for name in ("baskets", *map("left:{}".format, units))}
    g.backends.stock.mset({names[f"left:{product}"]: count for product, count in units.items()})
    return Scene({"sale": sale_id, **names})


def ask(scene: Scene, buyer: int, key: str, **wanted: int) -> dict[str, Any]:
    return {"sale_id": scene["sale"], "buyer_id": buyer, "key": key, "wanted": wanted}


def take(g: Grading, scene: Scene, buyer: int, key: str, **wanted: int) -> Answer:
    return g.attempt("take", **ask(scene, buyer, key, **wanted))


def part(who: str, buyer: int, products: Sequence[str]) -> Part:
    return Part(who, "take", lambda scene: ask(scene, buyer, "k1", **dict.fromkeys(products, 1)))


def left(g: Grading, scene: Scene, *products: str) -> dict[str, int]:
    return {product: number(g, scene[f"left:{product}"]) for product in products}


def number(g: Grading, name: str) -> int:
    """What a key says is left; none when it is gone. `Failed` when it is no number any more."""
    try:
        return int(g.backends.stock.get(name) or 0)
    except (ValueError, ResponseError):
        raise Failed(f"{name} is no number any more") from None


def told(units: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {product}" for product, count in units.items())


def expect_left(g: Grading, scene: Scene, what: str, **wanted: int) -> None:
    seen = left(g, scene, *wanted)
    if seen != wanted:
        raise Failed(f"{what}: what is left is wrong", expected=told(wanted), seen=told(seen))


def expect_taken(answer: Answer, what: str) -> Answer:
    if answer.error:
        raise Failed(f"{what}: the answer is not that it is taken", expected="taken", seen=error(answer))
    return answer


def expect_sold_out(answer: Answer, what: str, product: str) -> None:
    if not isinstance(answer.error, SoldOut):
        raise Failed(f"{what}: that is not refused as sold out", expected="SoldOut", seen=error(answer))
    if not str(answer.error).startswith(f"{product}:"):
        raise Failed(f"{what}: the refusal names another product", expected=product, seen=str(answer.error))


def expect_invalid(answer: Answer, what: str) -> None:
    if not isinstance(answer.error, Refused) or answer.error.type != "invalid":
        raise Failed(f"{what}: that is not refused as invalid", expected="Invalid", seen=error(answer))


def error(answer: Answer) -> str:
    return f"{type(answer.error).__name__}: {answer.error}" if answer.error else "taken"


def one_has_both(units: Mapping[str, int], run: Run) -> Sequence[Verdict]:
    won = sum(not isinstance(outcome, BaseException) for outcome in run.outcomes.values())
    if min(units.values()) < 0 or won > 1:
        return [broken("no_oversell", f"{won} of them get a basket; left are {told(units)}")]
    if won == 0:
        return [broken("no_false_sold_out", "nobody gets anything, though for one of them there was enough")]
    if max(units.values()) > 0:
        return [broken("all_or_nothing", f"one has the basket, and left are {told(units)}")]
    return []


def only_bob_has_it(units: Mapping[str, int], run: Run) -> Sequence[Verdict]:
    ann, bob = run.outcomes["A"], run.outcomes["B"]
    if not isinstance(ann, BaseException):
        return [broken("no_oversell", "Ann is given a tea that is not there")]
    if isinstance(bob, BaseException):
        return [broken("no_false_sold_out", "Bob is refused a kettle that nobody has bought")]
    if units != {"kettle": 0, "tea": 0}:
        return [broken("all_or_nothing", f"Bob has the kettle, and left are {told(units)}")]
    return []


class ReplyCut:
    """Redis by another socket. Throws away the first reply to a script that was run, and hangs up."""

    def __init__(self, path: Path, server: Path) -> None:
        self._path, self._server = path, server
        self._thread = threading.Thread(target=self._serve)
        self.lost = 0

    def __enter__(self) -> Self:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._path.chmod(0o666)
        self._listener.listen()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        """One connection after the other: the client has one at a time."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with closing(client), closing(socket.socket(socket.AF_UNIX)) as server, suppress(OSError):
                    server.connect(str(self._server))
                    self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as both:
            for each in (client, server, self._listener):
                both.register(each, selectors.EVENT_READ)
            script = False
            while True:
                for key, _ in both.select():
                    if key.fileobj is self._listener:  # another connection, or the end
                        return
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not data:
                        return
                    if key.fileobj is client:
                        script = bool(SCRIPTS & set(data.decode(errors="replace").upper().split("\r\n")[2:3]))
                        server.sendall(data)
                    elif script and not data.startswith(b"-") and not self.lost:
                        self.lost += 1
                        return
                    else:
                        client.sendall(data)
