"""Ids in paths. What cannot be an id is no address of ours: 404, before any handler runs."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import BaseConverter


class SaleId(BaseConverter):
    """A sale id: up to 18 ASCII digits, so it fits a BIGINT, and no leading zero."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)


class OrderId(BaseConverter):
    """An order id: the UUID as the shop writes it."""

    regex = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class TicketId(BaseConverter):
    """A ticket id: letters that need no quoting, in whatever way a stage writes it."""

    regex = "[0-9A-Za-z_-]{1,64}"


def install(app: Flask) -> None:
    app.url_map.converters.update(sale=SaleId, order=OrderId, ticket=TicketId)
    app.url_map.merge_slashes = False  # "//" is a wrong address, not another way to write "/"
