"""Who is measured: every stage, and two references that do next to nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from common.lab import Lab, resolve
from common.lab.sockets import answers
from common.running import WEB_PROCESSES, WEB_THREADS, Running, run_stage
from common.seed import demo_tokens
from common.stages import Stage
from common.web.server import granian_argv

HELLO, PLAIN = "flask_hello", "nginx_plain_file"
PLAIN_BYTES = 10_000  # about a page of the shop


@dataclass(frozen=True)
class Subject:
    """Something that answers at `url`."""

    name: str
    url: str


@dataclass(frozen=True)
class Shop(Subject):
    """A stage. `tokens` is a file with a bearer token of each buyer, one a line."""

    running: Running
    tokens: Path


def start_stage(lab: Lab, stage: Stage, port: int, buyers: int) -> Shop:
    running = run_stage(lab, stage, port=port, buyers=buyers)
    tokens = lab.folder / f"tokens-{stage.code}"
    tokens.write_text("\n".join(demo_tokens(running.settings, buyers)) + "\n")
    return Shop(stage.name, running.url, running, tokens)


def start_hello(lab: Lab, port: int) -> Subject:
    """Flask on the same server, with as many processes and threads as a stage has."""
    argv = granian_argv("common.bench.hello:create_app", port, WEB_PROCESSES, WEB_THREADS)
    lab.start_process(HELLO, argv, ready=answers(port, "/"))
    return Subject(HELLO, f"http://127.0.0.1:{port}/")


def start_plain(lab: Lab, port: int) -> Subject:
    folder = lab.folder / "page"
    folder.mkdir()
    (folder / "page.html").write_bytes(b"x" * PLAIN_BYTES)
    return Subject(PLAIN, serve_file(lab, port, folder, "/page.html"))


def serve_file(lab: Lab, port: int, root: Path, path: str) -> str:
    """The address of the file `path` below `root`, at an nginx that has nothing else to do than serve it."""
    folder = lab.folder / PLAIN
    (folder / "tmp").mkdir(parents=True)
    conf = folder / "nginx.conf"
    conf.write_text(Path(__file__).with_name("plain.conf").read_text().format(port=port, root=root))
    argv: list[str | Path] = [resolve("nginx").path, "-p", f"{folder}/", "-c", conf]
    if os.geteuid() == 0:
        argv += ["-g", "user root;"]  # else its workers become nobody, who may not look into the folder
    lab.start_process(PLAIN, argv, ready=answers(port, path), cwd=folder)
    return f"http://127.0.0.1:{port}{path}"


def processor_seconds(lab: Lab) -> float:
    """Processor time that everything in the lab has used so far: servers, web, workers, edge.

    Without the load generator, which is no part of the lab.
    """
    import psutil

    used = 0.0
    for process in psutil.Process(lab.supervisor.keeper_pid).children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += sum(times[:4])  # user and system, its own and that of children which have ended
    return used
