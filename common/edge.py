"""The edge of a stage: a real nginx before its web processes, configured by the stage's edge.conf."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from common.lab import Lab, LabError, Process
from common.lab.leftovers import after_removing
from common.lab.program import Program
from common.lab.resolver import Search
from common.lab.sockets import answers
from common.stages import FOLDER, Stage, all_stages

BUILT_WITHIN = 30.0  # seconds


def start_edge(
    lab: Lab, stage: Stage, port: int, app: Path, *, events: Path | None = None, template: str | None = None
) -> Process:
    """Start the edge on 127.0.0.1:`port`, before the web processes that listen on the socket `app`.

    `events` is the socket of the events process, where the stage has one; `template` stands in for the
    stage's own edge.conf. The edge runs in a folder of its own below the lab's, and ends with the lab.
    `LabError` when there is no nginx that starts with this configuration.
    """
    folder = lab.folder / f"edge-{port}"
    folder.mkdir()
    build_static(lab, stage, folder / "static")
    address = f"127.0.0.1:{port}"
    text = render(stage, template, listen=address, host=address, app=app, events=events)
    write_conf(folder, text)
    sockets = [folder / name for name in re.findall(r"listen unix:(\S+);", text)]
    search = Search("nginx")
    for program in search.programs():
        try:
            return start(lab, program, folder, port, sockets)
        except LabError as error:
            search.pass_over(error)
    raise search.failure()


def render(stage: Stage, template: str | None = None, **values: object) -> str:
    """The nginx.conf of a stage; see s04's edge.conf for the values it needs."""
    templates = FileSystemLoader(FOLDER)
    jinja = Environment(undefined=StrictUndefined, autoescape=False, loader=templates)  # noqa: S701 - no HTML
    text = template or edge_conf(stage).read_text("utf-8")
    return jinja.from_string(text).render(session=f"{stage.code}_session", **values)


def write_conf(folder: Path, text: str) -> None:
    """Make `folder` one that nginx can run in: `nginx -p FOLDER -c FOLDER/nginx.conf`."""
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(text, "utf-8")


def edge_conf(stage: Stage) -> Path:
    """The newest edge.conf up to this stage: a stage has one of its own only where it changes something."""
    files = [each.folder / "edge.conf" for each in all_stages()[: stage.number]]
    return [file for file in files if file.exists()][-1]


def build_static(lab: Lab, stage: Stage, folder: Path) -> None:
    """Have the stage write its pages and assets: `flask --app stages.….app edge build FOLDER`."""
    argv: list[str | Path] = [sys.executable, "-m", "flask", "--app", stage.app, "edge", "build", folder]
    process = lab.start_process(f"build-{folder.parent.name}", argv)
    if process.wait(BUILT_WITHIN) != 0:
        raise LabError(f"{stage.name} cannot build its static pages: {process.last_words()}")


def start(lab: Lab, program: Program, folder: Path, port: int, sockets: list[Path]) -> Process:
    argv: list[str | Path] = [program.path, "-p", f"{folder}/", "-c", folder / "nginx.conf"]
    if os.geteuid() == 0:
        argv += ["-g", "user root;"]  # else its workers become nobody, who may not look into the folder
    pid_file = folder / "nginx.pid"  # there once it listens: before, somebody else may answer at our port
    listens = answers(port)
    return lab.start_process(
        folder.name,
        after_removing([*sockets, pid_file], argv),
        ready=lambda: pid_file.exists() and listens(),
        cwd=folder,  # where nginx looks for unix sockets with a relative name
    )
