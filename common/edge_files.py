"""What an nginx in a container needs, in one folder: `python -m common.edge_files s06 /edge 127.0.0.1:8080`.

Then `nginx -p /edge/ -c /edge/nginx.conf`, run in that folder, is the edge of the stage, on port 80. The web
processes have to listen on app.sock there, the events process on events.sock.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from common.cli.stage_argument import STAGE
from common.edge import render, write_conf
from common.stages import Stage

PLAIN = Path(__file__).with_name("plain.conf")


@click.command()
@click.argument("stage", type=STAGE)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("host")
def main(stage: Stage, folder: Path, host: str) -> None:
    """Write nginx.conf, and the files that it serves, into FOLDER. HOST is what visitors write."""
    has_edge = "edge" in stage.processes
    template = None if has_edge else PLAIN.read_text("utf-8")
    sockets = {"app": folder / "app.sock", "events": folder / "events.sock"}
    write_conf(folder, render(stage, template, listen="80", host=host, **sockets))
    if has_edge:
        app = importlib.import_module(stage.app.partition(":")[0]).create_app()
        app.test_cli_runner().invoke(args=["edge", "build", str(folder / "static")], catch_exceptions=False)


if __name__ == "__main__":
    main()
