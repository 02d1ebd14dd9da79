"""The web layer: the same pages and the same API before every stage. This file is its table of contents."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from flask import Flask

from common import stages
from common.backends import Backends, Clock, system_clock
from common.settings import Settings
from common.shop import Shop
from common.web import (
    account_pages,
    addresses,
    admin_api,
    admin_pages,
    answers,
    api,
    buy,
    commands,
    door,
    door_admin,
    door_pages,
    guards,
    lab,
    layout,
    limit_pages,
    limits,
    logs,
    missing,
    ops,
    pages,
    problems,
    sessions,
    switch_pages,
    switches,
    tickets,
)
from common.web.context import EXTENSION, new_context
from common.web.seam import VARIABLE, plugs

BLUEPRINTS = (
    buy.bp,
    door.bp,
    api.bp,
    tickets.bp,
    admin_api.bp,
    limits.bp,
    door_admin.bp,
    switches.bp,
    lab.bp,
    missing.bp,
    ops.bp,
    pages.bp,
    account_pages.bp,
    admin_pages.bp,
    limit_pages.bp,
    door_pages.bp,
    switch_pages.bp,
)


class App(Flask):
    """Flask looks at every hook and handler of every request, whether it is `async`. None of ours is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(
    stage: str,
    create_shop: Callable[..., Shop],
    settings: Settings | None = None,
    clock: Clock = system_clock,
) -> Flask:
    """The Flask app of one stage. `settings` come from the environment unless given.

    Opens no connection: the app starts before its servers, and says on /readyz what it waits for.
    """
    described = stages.find(stage)
    backends = Backends.connect(described.code, settings or Settings.from_env(), clock)
    shop = create_shop(backends, **plugs(os.environ.get(VARIABLE, ""), create_shop))

    app = App(__name__)
    app.secret_key = backends.settings.secret_key
    app.json = answers.Json(app)
    app.extensions[EXTENSION] = context = new_context(described, backends, shop)
    app.before_request(context.services.start)
    logs.install(app, described.code, backends.settings.log_level)
    addresses.install(app)
    sessions.install(app, backends)
    guards.install(app)
    problems.install(app, layout.error_page)
    layout.install(app)
    commands.install(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
