"""Where sandboxes come from: a process that has imported what each of them needs, and forks when asked.

Run as `python -m homework.grader.spawner SOCKET`, one for each lab, with the environment that the student's
code shall see. It holds the course's own code and nothing else: no secret, and nothing of any student. Who
connects sends one packet: an order, and the descriptors of the output and of each actor's pipe. From then on
the jail answers (see jail.py): the connection is the sandbox's life.

A Python that imports the drivers afresh takes half a second; a fork of this one, hundredths.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from common.stages import all_stages
from homework.grader import inside, jail

LARGEST = 1 << 16  # bytes of an order
MOST_DESCRIPTORS = 64


def order(path: Path, spec: dict[str, Any], passed: Sequence[int]) -> socket.socket:
    """The trusted side's part: have a sandbox made; the connection that is its life."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        link.connect(str(path))
        socket.send_fds(link, [json.dumps(spec).encode()], passed)
    except BaseException:
        link.close()
        raise
    return link


def is_ready(path: Path) -> bool:
    """Whether somebody takes orders there."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.connect(str(path))
        return True
    return False


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # jails report to whoever ordered them
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        for name in ("common.proof.scenario", *(f"stages.{stage.name}.app" for stage in all_stages())):
            with suppress(Exception):  # a stage may be broken: whoever breaks it learns from it, and not here
                importlib.import_module(name)
        while True:
            link, _ = listener.accept()
            said, passed, _, _ = socket.recv_fds(link, LARGEST, MOST_DESCRIPTORS)
            if said and os.fork() == 0:
                listener.close()
                become(link, json.loads(said), passed)
            for number in passed:
                os.close(number)
            link.close()


def become(link: socket.socket, spec: dict[str, Any], passed: Sequence[int]) -> NoReturn:
    """In the fork: the jail, and in it the harness with the student's code."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output, *actors = passed
        for standard in (1, 2):
            os.dup2(output, standard)
        os.close(output)
        jail.confine(link, spec, actors, partial(serve, spec, actors))
    finally:
        os._exit(1)


def serve(spec: dict[str, Any], actors: Sequence[int]) -> None:
    """In the jail. The student's files come after everything that has their names already."""
    sys.path[:] = [spec["course"], *sys.path, str(Path.cwd())]
    importlib.invalidate_caches()  # the world has changed since they were filled
    inside.serve(spec["config"], actors)


if __name__ == "__main__":
    main()
