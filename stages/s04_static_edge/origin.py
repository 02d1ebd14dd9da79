"""The app as the origin of an edge: whom it believes, what it lets the edge keep, what it builds for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix

from stages.s04_static_edge.shell import build

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

bp = Blueprint("edge", __name__, template_folder="templates")


def behind_edge(app: Flask) -> Flask:
    """`app`, ready to stand behind edge.conf."""
    app.register_blueprint(bp)
    app.wsgi_app = BelievesTheEdge(app.wsgi_app)  # type: ignore[method-assign]
    return app


class BelievesTheEdge:
    """Takes the visitor's address from X-Forwarded-For, of whoever came in through the unix socket.

    The socket lies in the run's private folder, and only the edge writes to it; the edge overwrites the
    header. From any other peer the header is a claim that anybody can make, and is not looked at.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._told = ProxyFix(app, x_for=1, x_proto=0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        through_socket = not environ.get("REMOTE_ADDR")  # only a unix socket's peer has no address
        return (self._told if through_socket else self._app)(environ, start_response)


@bp.after_app_request
def allow_the_edge_to_keep(response: Response) -> Response:
    """The state of a sale, and nothing else: it is the same for everybody.

    "@1" is a moment in 1970: keep it as the last known answer, but ask again each time. Browsers may keep it
    if they ask again too; the ETag makes that a 304.
    """
    if request.endpoint == "api.show_sale" and response.status_code in (200, 404):
        response.headers["X-Accel-Expires"] = "@1"
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
    return response


@bp.cli.command("build")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def build_command(folder: Path) -> None:
    """Write the pages and assets that the edge serves into FOLDER."""
    build(current_app._get_current_object(), folder)  # type: ignore[attr-defined]
