"""The wire between a sandbox and its servers: what is really sent is read off on the way.

The sandbox tells the grader of its round trips, and could lie: then two buyers could never be brought between
them. It reaches its servers only by the two sockets of a `Wire`, which passes on what it has understood, and
nothing else.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from common.database import SESSION
from common.proof import wording
from homework.grader.servers import Sockets

CHUNK = 1 << 16
LARGEST = 32 << 20  # bytes of one request
LONGEST_LINE = 32  # bytes of a number, its mark and its end
MOST_CONNECTIONS = 64  # at one time
SETTINGS = {"SET NAMES utf8mb4", wording.statement(SESSION)}  # how our connections greet MariaDB
GREETINGS = {"HELLO", "AUTH", "CLIENT", "SELECT", *wording.UNANNOUNCED}
QUIT, QUERY, PING = 1, 3, 14  # commands of MariaDB's protocol
FULL = 0xFFFFFF  # bytes of a packet that goes on in the next one
PROTOCOL_41, TLS, COMPRESSED = 0x200, 0x800, 0x20  # what a client of MariaDB says that it can do
SENT = {"MariaDB": "statements to MariaDB", "Redis": "commands to Redis"}
PAST_BACKENDS = (
    "your code sent {what} that the grader was not told of: use the connection that you are given, as it is,"
    " and open none of your own"
)
INVENTED = "your process told the grader of {what} that were never sent"


class Unseen(Exception):
    """The sandbox told of other round trips than were sent. The text is a sentence for the student."""


class Garbled(Exception):
    """A client says what the wire does not understand: it is not passed on."""


class Sent(NamedTuple):
    """One statement or command. `label` is how it is told of alone, `words` how it is within a pipeline."""

    server: str
    name: str
    words: str
    label: str


Told = Sequence[tuple[str, str]]
"""Server and label of each round trip that the sandbox told of."""
Request = tuple[Sent | None, int]
"""What a request says (None: nothing that counts), and where it ends."""


def compare(told: Told, sent: Sequence[Sent]) -> None:
    """`Unseen` unless just that was sent which was told of. Settings, greetings and PING do not count."""
    left, promised = list(sent), Counter[tuple[str, str]]()
    for server, label in told:
        if server == "Redis" and label.startswith(wording.PIPELINE):
            parts = label.removeprefix(wording.PIPELINE).split(", ")
            promised.update((server, part) for part in parts if part.split(" ")[0] not in GREETINGS)
        elif label in SETTINGS or (server == "Redis" and label.split(" ")[0] in GREETINGS):
            continue
        elif found := next((each for each in left if (each.server, each.label) == (server, label)), None):
            left.remove(found)
        else:
            promised[server, label] += 1
    rest = Counter((each.server, part) for each in left for part in each.words.split(", "))
    for server, _ in rest - promised:
        raise Unseen(PAST_BACKENDS.format(what=SENT[server]))
    for server, _ in promised - rest:
        raise Unseen(INVENTED.format(what=SENT.get(server, server)))


class Wire:
    """Sockets in `folder` for one sandbox, and behind them the servers.

    Guarantees that each request is noted before its server has it, and that what is no whole request never
    gets there. Does not read replies, but for one thing: a script that Redis did not know and that is sent
    again counts once (see common.proof.announce).
    """

    def __init__(self, servers: Sockets, folder: Path) -> None:
        self.sockets = Sockets(folder / "mysql.sock", folder / "redis.sock")
        self._sent: list[Sent] = []
        self._open: list[Connection] = []
        self._listeners = [listen(self.sockets.mysql), listen(self.sockets.redis)]
        behind: list[tuple[Path, type[Connection]]] = [(servers.mysql, MariaDB), (servers.redis, Redis)]
        self._threads = [
            threading.Thread(target=self._accept, args=(listener, *each), daemon=True)
            for listener, each in zip(self._listeners, behind, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def sent(self) -> list[Sent]:
        """What was sent since this was asked last."""
        sent = self._sent[:]
        del self._sent[: len(sent)]
        return sent

    @property
    def is_asked(self) -> bool:
        """Whether a server has a request that it has not begun to answer."""
        return any(each.asked and each.alive for each in self._open)

    def _accept(self, listener: socket.socket, server: Path, kind: type[Connection]) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if sum(each.alive for each in self._open) < MOST_CONNECTIONS:
                self._open.append(kind(client, server, self._sent))
            else:
                client.close()

    def close(self) -> None:
        """Hang up on everybody."""
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()
        for thread in self._threads:
            thread.join()
        for connection in self._open:
            connection.close()


def listen(path: Path) -> socket.socket:
    """A socket file that every user may open. On Linux its path may be longer than the kernel's 107 bytes."""
    listener, folder = socket.socket(socket.AF_UNIX), os.open(path.parent, os.O_RDONLY)
    listener.bind(f"/proc/self/fd/{folder}/{path.name}" if sys.platform == "linux" else str(path))
    os.close(folder)
    path.chmod(0o666)
    listener.listen()
    return listener


class Connection:
    """One client and its server: a thread for each direction, so that neither waits for the other."""

    def __init__(self, client: socket.socket, server: Path, sent: list[Sent]) -> None:
        self._client, self._server, self._sent = client, socket.socket(socket.AF_UNIX), sent
        self.asked = False
        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (self._requests, self._replies)
        ]
        try:
            self._server.connect(str(server))
        except OSError:
            self._hang_up()
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        self._hang_up()
        for thread in self._threads:
            thread.join()

    def _hang_up(self) -> None:
        for each in (self._client, self._server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _requests(self) -> None:
        with suppress(OSError, Garbled):
            buffer = bytearray()
            while len(buffer) < LARGEST and (data := self._client.recv(CHUNK)):
                buffer += data
                end = 0
                while request := self._read(buffer, end):
                    said, end = request
                    if said:
                        self._note(said)
                if end:
                    self.asked = True
                self._server.sendall(buffer[:end])
                del buffer[:end]
        self._hang_up()
        self._client.close()

    def _replies(self) -> None:
        with suppress(OSError):
            while data := self._server.recv(CHUNK):
                self.asked = False
                self._hear(data)
                self._client.sendall(data)
        self._hang_up()
        self._server.close()

    def _read(self, buffer: bytearray, at: int) -> Request | None:
        """The request that begins there; None when not all of it has come. Raises `Garbled`."""
        raise NotImplementedError

    def _note(self, said: Sent) -> None:
        self._sent.append(said)

    def _hear(self, reply: bytes) -> None: ...


class MariaDB(Connection):
    """Packets: three bytes of length, a number that is 0 for the first of a command only, the content."""

    _greeting = True  # until the first command
    _goes_on = False  # the packet before was full: this one belongs to it

    def _read(self, buffer: bytearray, at: int) -> Request | None:
        start = at + 4
        end = start + int.from_bytes(buffer[at : at + 3], "little")
        if len(buffer) < max(start, end):
            return None
        number, head = buffer[at + 3], bytes(buffer[start : min(end, start + 4 * wording.LONGEST)])
        goes_on, self._goes_on = self._goes_on, end - start == FULL
        if self._greeting and number:
            if number == 1:
                expect_plain(head)
            return None, end
        self._greeting = False
        if goes_on and number:
            return None, end
        return (out_of_order() if number else command(head)), end


def expect_plain(hello: bytes) -> None:
    """`Garbled` when a client of MariaDB wants to go on in a way that cannot be read."""
    able = int.from_bytes(hello[:4], "little")
    if not able & PROTOCOL_41 or able & (TLS | COMPRESSED):
        raise Garbled


def command(content: bytes) -> Sent | None:
    """A command of MariaDB's protocol. Text is what our connections send; all else there is counts too."""
    kind = content[0] if content else 0
    if kind in {QUIT, PING}:
        return None
    if kind != QUERY:
        return Sent("MariaDB", "", f"command {kind}", f"command {kind}")
    text = wording.statement(content[1:].decode(errors="surrogateescape"))
    return None if text in SETTINGS else Sent("MariaDB", text.split(" ")[0].upper(), text, text)


def out_of_order() -> Sent:
    return Sent("MariaDB", "", "a packet", "a packet")


class Redis(Connection):
    """Arrays of strings: `*2`, `$3`, `GET`, `$1`, `k`, a line each. A command on a plain line is refused."""

    _unanswered = 0
    _last = ""
    _refused = ""  # a command whose script Redis did not know

    def _read(self, buffer: bytearray, at: int) -> Request | None:
        if (count := length(buffer, at, b"*")) is None:
            return None
        many, at = count
        words = []
        for _ in range(many):
            if (size := length(buffer, at, b"$")) is None:
                return None
            start, at = size[1], size[1] + size[0] + 2
            if len(buffer) < at:
                return None
            words.append(bytes(buffer[start : at - 2]))
        if not words:
            return None, at
        name, step = wording.name(words), wording.redis_step([words])
        if name.split(" ")[0] in GREETINGS:
            return None, at
        return Sent("Redis", name, step.command, step.label), at

    def _note(self, said: Sent) -> None:
        if said.label != self._refused:
            super()._note(said)
        self._last, self._refused = said.label, ""
        self._unanswered += 1

    def _hear(self, reply: bytes) -> None:
        if self._unanswered == 1 and reply.startswith(b"-NOSCRIPT"):
            self._refused = self._last
        self._unanswered = 0


def length(buffer: bytearray, at: int, mark: bytes) -> tuple[int, int] | None:
    """The number on the line that begins there, and where the next line begins; None if it has no end yet."""
    end = buffer.find(b"\r\n", at, at + LONGEST_LINE)
    if bytes(buffer[at : at + 1]) not in {b"", mark} or (end < 0 and len(buffer) >= at + LONGEST_LINE):
        raise Garbled
    if end < 0:
        return None
    number = bytes(buffer[at + 1 : end])
    if not number.isdigit():
        raise Garbled
    return int(number), end + 2
