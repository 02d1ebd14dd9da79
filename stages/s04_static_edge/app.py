"""s04: the shop of s03, unchanged, behind an nginx (edge.conf) that answers most of what is asked of it."""

from __future__ import annotations

from flask import Flask

from common import web
from stages.s03_cache.app import create_shop
from stages.s04_static_edge.origin import behind_edge

__all__ = ["create_app", "create_shop"]


def create_app() -> Flask:
    return behind_edge(web.create_app("s04_static_edge", create_shop))
