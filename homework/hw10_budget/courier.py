"""The courier and the clock: both on the grader's side, behind a unix socket that speaks lines of JSON."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingMixIn, UnixStreamServer
from typing import Any, Literal, NamedTuple, Self

LONGEST_LINE = 1 << 16  # bytes


class Reply(NamedTuple):
    """What the courier does with a request. `took`: ms until its reply; who waits less does not hear it.

    "lost": it does it, and the reply is lost, which whoever waits notices after `took` ms.
    """

    kind: Literal["yes", "no", "busy", "lost"]
    took: int = 20
    retry_after: int = 0
    again: bool = True

    def __str__(self) -> str:
        asked = f", nobody back for {self.retry_after} ms" if self.retry_after else ""
        return f"{self.kind} after {self.took:,} ms{asked}{'' if self.again else ', do not try again'}"


class Request(NamedTuple):
    """A request that reached the courier, at this moment of its clock."""

    at: int
    body: str
    key: str | None
    within: int


@dataclass
class Courier:
    """A service that books parcels, as `plan` says, and the last of it for ever; and a clock, `at` (ms), that
    goes on only while somebody sleeps or waits for it.

    Guarantees that a key gets the parcel it got first. `late`: ms by which a sleep, and the end of waiting
    for a reply that does not come, is too late.
    """

    path: Path
    plan: list[Reply] = field(default_factory=lambda: [Reply("yes")])
    at: int = 1_000_000
    late: int = 0
    requests: list[Request] = field(default_factory=list)
    parcels: list[str] = field(default_factory=list)
    _booked: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        courier = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline(LONGEST_LINE):
                    self.wfile.write(json.dumps(courier.answer(json.loads(line))).encode() + b"\n")

        self._server = Server(str(self.path), Handler)
        self.path.chmod(0o666)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def begin(self, *plan: Reply) -> None:
        """Follow another plan from here on, and forget what was asked."""
        self.plan, self.requests, self.parcels, self._booked = list(plan), [], [], {}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer one line. Raises for what is no question, which ends the connection."""
        with self._lock:
            match question:
                case {"what": "now"}:
                    return {"at": self.at}
                case {"what": "sleep", "ms": int(ms) | float(ms)}:
                    self.at += max(0, int(ms)) + self.late
                    return {}
                case {"what": "send", "body": str(body), "key": str() | None as key, "within": int(within)}:
                    return self._send(Request(self.at, body, key, within))
        raise ValueError(question)

    def _send(self, request: Request) -> dict[str, Any]:
        self.requests.append(request)
        reply = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        parcel = self._book(request.key) if reply.kind in {"yes", "lost"} else ""
        if reply.took > request.within:
            self.at += max(0, request.within) + self.late
            return {"unknown": True, "retry_after": 0, "again": True}
        self.at += reply.took
        match reply.kind:
            case "yes":
                return {"parcel": parcel}
            case "no":
                return {"no": "There is no such street"}
        return {
            "unknown": reply.kind == "lost",
            "retry_after": reply.retry_after,
            "again": reply.again,
        }

    def _book(self, key: str | None) -> str:
        if key is not None and key in self._booked:
            return self._booked[key]
        parcel = f"P{len(self.parcels) + 1}"
        self.parcels.append(parcel)
        if key is not None:
            self._booked[key] = parcel
        return parcel


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who asks what is no question, or is gone before the answer, is hung up on."""
