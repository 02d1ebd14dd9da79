"""Edges that people really configure, and should not. Each takes the right edge.conf and breaks one thing.

A foil is a wrong variant that the proofs must notice.
"""

from __future__ import annotations


def keeps_everything(conf: str) -> str:
    """Caches the whole API for a second, "because it is slow", and tells nginx not to mind the headers.

    The first buyer's orders are shown to the next one.
    """
    everything = """location /api/ {
            proxy_cache now;
            proxy_cache_key $uri;
            proxy_cache_valid 200 2s;
            proxy_ignore_headers Cache-Control Set-Cookie Vary;"""
    return swap(conf, "location /api/ {", everything)


def asks_all_at_once(conf: str) -> str:
    """Caches without collapsing: when a copy runs out, everybody who looks at that moment wakes the app."""
    conf = conf.replace("proxy_cache_lock on;", "proxy_cache_lock off;")
    return swap(conf, "error timeout updating", "error timeout")


def refreshes_in_the_background(conf: str) -> str:
    """The recipe of most tutorials: one second, and the old copy while a new one is fetched.

    After a quiet hour the first visitor sees a price that is an hour old: the copy is refreshed for the next.
    """
    recipe = "proxy_cache_key $uri; proxy_cache_use_stale updating; proxy_cache_background_update on;"
    return swap(conf, 'proxy_cache_key "$uri $half_second";', recipe)


def believes_the_visitor(conf: str) -> str:
    """Appends to X-Forwarded-For and passes Host on, as the examples in most manuals do."""
    conf = swap(conf, "X-Forwarded-For $remote_addr", 'X-Forwarded-For "$remote_addr, $http_x_forwarded_for"')
    return swap(conf, "proxy_set_header Host {{ host }}", "proxy_set_header Host $http_host")


def swap(conf: str, right: str, wrong: str) -> str:
    """`conf` with `wrong` in place of `right`, which must be there."""
    if right not in conf:
        raise ValueError(f"edge.conf has no {right!r}")
    return conf.replace(right, wrong)
