"""Which production server the shop runs on, and with how many threads. No proof: figures, for one machine.

    .venv/bin/pip install gunicorn==27.0.1
    .venv/bin/python -m tests.measurements.web_server docs/results/web_server.json

granian and gunicorn (gthread), two processes each, serve the whole shop of s01; wrk asks each in turn for
/healthz (Flask and our own layers, no server behind) and for a sale (one SQL statement). Only ratios within
one run mean something. Takes about a minute and a half, on loopback only.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median

from common.circumstances import circumstances
from common.lab import Lab
from common.lab.sockets import answers, free_port
from common.running import run_stage
from common.stages import find
from common.web.server import granian_argv

ROUNDS, SECONDS, CONNECTIONS, PROCESSES = 3, 2, 64, 2
THREADS = (1, 2, 4)
PATHS = ("/healthz", "/api/sales/1")
WRK = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s"]
COMMAND = f"python -m tests.measurements.web_server; {' '.join(WRK)}, {ROUNDS} rounds in turns"


def main(file: Path) -> None:
    if not shutil.which("wrk"):
        sys.exit("wrk is not on the PATH (Debian: apt install wrk).")
    with Lab(say=print) as lab:
        running = run_stage(lab, find("s01"), buyers=1, port=free_port())
        running.web.stop()  # its database and its settings are what we came for
        urls = {}
        for threads in THREADS:
            for server, argv in {"granian": granian, "gunicorn": gunicorn}.items():
                port = free_port()
                env = {
                    "LOG_LEVEL": "WARNING",
                    "SECRET_KEY": running.settings.secret_key,
                    "WEB_THREADS": str(threads),
                }
                name = f"{server} {threads}"
                command = argv(running.stage.app, port, threads)
                lab.start_process(name.replace(" ", "-"), command, env=env, ready=answers(port))
                urls[name] = f"http://127.0.0.1:{port}"
        rounds = [
            {name: {path: requests_per_second(url + path) for path in PATHS} for name, url in urls.items()}
            for _ in range(ROUNDS)
        ]
    medians = {name: {p: median(each[name][p] for each in rounds) for p in PATHS} for name in urls}
    about = circumstances(COMMAND)
    about["python"] = platform.python_version()
    about["versions"] = {name: version(name) for name in ("granian", "gunicorn", "flask")}
    file.write_text(json.dumps({**about, "median": medians, "rounds": rounds}, indent=1) + "\n")
    print(json.dumps(medians, indent=1))


def granian(app: str, port: int, threads: int) -> list[str]:
    return granian_argv(app, port, PROCESSES, threads)


def gunicorn(app: str, port: int, threads: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", f"{app}()", "-w", str(PROCESSES), "-k", "gthread"),
        *("--threads", str(threads), "-b", f"127.0.0.1:{port}", "--backlog", "4096", "--keep-alive", "60"),
    ]


def requests_per_second(url: str) -> float:
    text = subprocess.run([*WRK, url], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text, text
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert found, text
    return float(found[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
