"""What judges headers: an app that counts who asks it, a real nginx before it, browsers with a fake clock.

nginx decides by itself what it keeps and for how long. Its clock cannot be moved, so its copies are: each
cache file says until when it holds, and `Edge.forward` makes that as many seconds less as shall have passed.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import NamedTuple

from common.lab import LabError
from common.lab.keeper import MARK
from common.lab.resolver import Search

Headers = Mapping[str, Mapping[str, str]]
PATHS = {
    "/assets/5f3c/sale.js": "asset",
    "/api/orders": "orders",
    "/sales/7": "page",
    "/api/sales/7": "state",
    "/sales/999": "missing",
    "/images/tea.svg": "image",
    "/account": "account",
}
OWN = ("orders", "account")  # differ from buyer to buyer
STARTS_WITHIN = 30.0  # seconds
START_OF_COPY = struct.Struct(
    "=Qqqqqq"
)  # ngx_http_file_cache_header_t: version, valid, updating, error, modified, date
COPY_VERSION = 5
LONG = 10**8  # seconds
LAG = 5  # seconds by which nginx's clock may be behind ours: it is read once for each event


class Answer(NamedTuple):
    status: int
    headers: Message
    body: str


class App:
    """The shop behind the edge, as far as it matters here. `hits` counts who came through to it, by path."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self.hits: Counter[str] = Counter()
        self.edition = 1  # of all that changes: price, picture, stock
        self.down = False  # answers "paused" to everything
        self.gone = False  # does not answer at all
        self.missing = True  # /sales/999

    def answer(self, path: str, buyer: str, language: str) -> tuple[int, Mapping[str, str], str]:
        self.hits[path] += 1
        name = PATHS[path]
        if self.down:
            return 503, self._headers["paused"], "paused"
        if name == "missing" and self.missing:
            return 404, self._headers["missing"], "no such sale"
        if name in {"missing", "page"}:
            return 200, self._headers["page"], f"page, edition {self.edition}, in {language}"
        whose = f" of {buyer}" if name in OWN else ""
        return 200, self._headers[name], f"{name}{whose}, edition {self.edition}"


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    app: App


class Handler(BaseHTTPRequestHandler):
    """One request to the app."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece
    server: Server

    def do_GET(self) -> None:
        if self.server.app.gone:
            self.close_connection = True
            return
        buyer = self.headers.get("Cookie", "").removeprefix("session=")
        status, headers, body = self.server.app.answer(
            self.path, buyer, self.headers.get("Accept-Language", "")
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None: ...


class Copy(NamedTuple):
    """A copy at the edge: since when by our clock, how long it holds, and what we wrote into its file."""

    since: int
    lifetime: int
    written: int


class Edge:
    """nginx, and the app behind it. `now` is our clock, in seconds; `asked` counts requests of browsers."""

    def __init__(self, folder: Path, app: App) -> None:
        self._folder = folder
        self.app = app
        self.now = 0
        self.asked = 0
        self._copies: dict[Path, Copy] = {}

    def get(self, path: str, buyer: str, language: str) -> Answer:
        """Ask nginx. When this returns it has stored what it stores: only then does it hang up."""
        self.asked += 1
        lines = [f"GET {path} HTTP/1.0", "Host: shop", f"Accept-Language: {language}"]
        lines += [f"Cookie: session={buyer}"] * bool(buyer)
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(STARTS_WITHIN)
            link.connect(str(self._folder / "edge"))
            link.sendall("\r\n".join([*lines, "", ""]).encode())
            said = b"".join(iter(lambda: link.recv(65536), b""))
        head, _, body = said.partition(b"\r\n\r\n")
        status, _, fields = head.partition(b"\r\n")
        self._hold()
        number, own = int(status.split()[1]), body.startswith(b"<html")
        text = f"error {number} from the edge" if own else body.decode()
        return Answer(number, BytesParser().parsebytes(fields), text)

    def forward(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds
        self._hold()

    def _hold(self) -> None:
        """Make every copy as old as it is by our clock; real seconds do not count."""
        for file in (self._folder / "kept").rglob("*"):
            with file.open("r+b") as stored:
                version, valid, updating, error, modified, date = START_OF_COPY.unpack(
                    stored.read(START_OF_COPY.size)
                )
                if version != COPY_VERSION:
                    raise LabError(
                        f"this nginx writes its cache files in format {version}, not {COPY_VERSION}"
                    )
                copy = self._copies.get(file)
                if copy is None or copy.written != valid:
                    copy = Copy(self.now, valid - date, valid)
                left = copy.since + copy.lifetime - self.now
                written = int(time.time()) + (LONG if left >= 0 else left - LAG)
                stored.seek(0)
                stored.write(START_OF_COPY.pack(version, written, updating, error, modified, date))
                self._copies[file] = copy._replace(written=written)


class Browser:
    """A visitor's browser and its own cache (RFC 9111, a private one): it believes Cache-Control, and guesses
    nothing. `buyer` is whose session it carries."""

    def __init__(self, edge: Edge, buyer: str = "", language: str = "en") -> None:
        self._edge, self._buyer, self._language = edge, buyer, language
        self._until: dict[str, int] = {}
        self.kept: dict[str, Answer] = {}

    def get(self, path: str) -> str:
        """What the visitor sees: from its own copy while that is fresh, else from the edge."""
        if path in self.kept and self._edge.now < self._until[path]:
            return self.kept[path].body
        answer = self._edge.get(path, self._buyer, self._language)
        said = directives(answer.headers.get("Cache-Control"))
        self.kept.pop(path, None)
        if "no-store" not in said:
            self.kept[path] = answer
            fresh = 0 if "no-cache" in said else said.get("max-age", 0)
            self._until[path] = self._edge.now + fresh
        return answer.body


def directives(text: str | None) -> dict[str, int]:
    """`public, max-age=60` -> {"public": 0, "max-age": 60}."""
    words = [word.strip().lower().partition("=") for word in (text or "").split(",")]
    return {name: int(value) if value.isdecimal() else 0 for name, _, value in words}


@contextmanager
def running(headers: Headers, base: Path) -> Iterator[Edge]:
    """The app with these headers and an nginx before it, in a folder below `base`; ended with the block."""
    folder = Path(tempfile.mkdtemp(prefix="e-", dir=base))  # short: the path of a socket is limited
    (folder / "tmp").mkdir()
    shutil.copy(Path(__file__).with_name("edge.conf"), folder / "nginx.conf")
    app = App(headers)
    server = Server(str(folder / "app"), Handler)
    server.app = app
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    if os.geteuid() == 0:
        (folder / "app").chmod(0o666)
    nginx = start(folder, base)
    try:
        yield Edge(folder, app)
    finally:
        nginx.terminate()
        nginx.wait()
        server.shutdown()
        server.server_close()
        thread.join()
        shutil.rmtree(folder, ignore_errors=True)


def start(folder: Path, base: Path) -> subprocess.Popen[bytes]:
    """nginx, once it listens. The mark makes the keeper of the lab end it if we are killed."""
    search = Search("nginx")
    for program in search.programs():
        argv = [os.fspath(program.path), "-p", f"{folder}/", "-c", str(folder / "nginx.conf")]
        if os.geteuid() == 0:
            argv += ["-g", "user root;"]  # else its workers become nobody, who may not enter the folder
        with (folder / "nginx.log").open("wb") as log:
            env = {**os.environ, MARK: str(base)}
            nginx = subprocess.Popen(argv, cwd=folder, env=env, stdout=log, stderr=log)
        if listens(folder / "edge", nginx):
            return nginx
        nginx.kill()
        nginx.wait()
        search.pass_over(LabError((folder / "nginx.log").read_text("utf-8", "replace")[-300:]))
    raise search.failure()


def listens(path: Path, nginx: subprocess.Popen[bytes]) -> bool:
    """Whether it does within its time; False when it has ended."""
    deadline = time.monotonic() + STARTS_WITHIN
    while nginx.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as link:
            link.connect(str(path))
            return True
        time.sleep(0.01)
    return False
