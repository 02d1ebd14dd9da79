"""What a request handler may use: the stage, its servers, its shop. One for an app, shared by its threads."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from common.backends import Backends
from common.backoffice import BackOffice
from common.buyers import Buyers
from common.orders import Orders
from common.shop import Shop
from common.stages import Stage
from common.web.services import Services

EXTENSION = "seckill"


@dataclass(frozen=True)
class Context:
    """Everything the web layer knows about the stage it serves."""

    stage: Stage
    backends: Backends
    shop: Shop
    orders: Orders
    buyers: Buyers
    backoffice: BackOffice
    services: Services


def new_context(stage: Stage, backends: Backends, shop: Shop) -> Context:
    """The context of a shop. The back office tells the shop's listeners what it changes."""
    sql = backends.sql
    return Context(
        stage=stage,
        backends=backends,
        shop=shop,
        orders=Orders(sql),
        buyers=Buyers(sql),
        backoffice=BackOffice(sql, shop.listeners),
        services=Services(shop.services.values()),
    )


def current() -> Context:
    """The context of the app that answers this request."""
    context = current_app.extensions[EXTENSION]
    assert isinstance(context, Context)
    return context
