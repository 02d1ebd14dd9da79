"""Who is measured: every stage, and two references that do next to nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from common.lab import Lab, Process, resolve
from common.lab.sockets import answers
from common.running import WEB_PROCESSES, WEB_THREADS, Running, run_stage
from common.seed import demo_tokens
from common.stages import Stage
from common.web.server import granian_argv

HELLO, PLAIN = "flask_hello", "nginx_plain_file"
PLAIN_BYTES = 10_000  # about a page of the shop


@dataclass(frozen=True)
class Subject:
    """Something that answers at `url`, by these processes and their children."""

    name: str
    url: str
    processes: Sequence[Process]


@dataclass(frozen=True)
class Shop(Subject):
    """A stage. `tokens` is a file with a bearer token of each buyer, one a line."""

    running: Running
    tokens: Path


def start_stage(lab: Lab, stage: Stage, port: int, buyers: int) -> Shop:
    running = run_stage(lab, stage, port=port, buyers=buyers)
    tokens = lab.folder / f"tokens-{stage.code}"
    tokens.write_text("\n".join(demo_tokens(running.settings, buyers)) + "\n")
    return Shop(stage.name, running.url, running.processes, running, tokens)


def start_hello(lab: Lab, port: int) -> Subject:
    """Flask on the same server, with as many processes and threads as a stage has."""
    argv = granian_argv("common.bench.hello:create_app", port, WEB_PROCESSES, WEB_THREADS)
    process = lab.start_process(HELLO, argv, ready=answers(port, "/"))
    return Subject(HELLO, f"http://127.0.0.1:{port}/", [process])


def start_plain(lab: Lab, port: int) -> Subject:
    folder = lab.folder / "page"
    folder.mkdir()
    (folder / "page.html").write_bytes(b"x" * PLAIN_BYTES)
    return serve_file(lab, port, folder, "/page.html")


def serve_file(lab: Lab, port: int, root: Path, path: str) -> Subject:
    """The file `path` below `root`, at an nginx that has nothing else to do than serve it."""
    folder = lab.folder / PLAIN
    (folder / "tmp").mkdir(parents=True)
    conf = folder / "nginx.conf"
    conf.write_text(Path(__file__).with_name("plain.conf").read_text().format(port=port, root=root))
    argv: list[str | Path] = [resolve("nginx").path, "-p", f"{folder}/", "-c", conf]
    if os.geteuid() == 0:
        argv += ["-g", "user root;"]  # else its workers become nobody, who may not look into the folder
    process = lab.start_process(PLAIN, argv, ready=answers(port, path), cwd=folder)
    return Subject(PLAIN, f"http://127.0.0.1:{port}{path}", [process])


def processor_seconds(processes: Sequence[Process]) -> float:
    """Processor time that these processes and their children have used so far, ended children included."""
    import psutil

    used = 0.0
    for parent in processes:
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(parent.pid)
            for process in (root, *root.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    used += sum(process.cpu_times()[:4])  # user and system, its own and of ended children
    return used
