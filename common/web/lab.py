"""`/lab`: where the live lab of this shop is, if it was started with one."""

from __future__ import annotations

import os

from flask import Blueprint, abort, redirect
from flask.typing import ResponseReturnValue

from common.web.context import current

VARIABLE = "SECKILL_LIVE_LAB"

bp = Blueprint("lab", __name__)


@bp.get("/lab")
def lab() -> ResponseReturnValue:
    """To the live lab, which has an address of its own: it must answer while this process does not."""
    address = os.environ.get(VARIABLE)
    if not address:
        code = current().stage.code
        abort(404, f"No live lab is running: end this shop and start it with `./seckill up {code} --lab`")
    return redirect(address, 302)
