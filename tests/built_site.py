"""The course site, built once for a test process, and a web server for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from common.site import building
from common.site.links import deck_page, taught
from common.site.pages import LANGS, all_pages
from common.site.words import Lang


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@dataclass(frozen=True)
class BuiltSite:
    """The folder, and where it is served."""

    folder: Path
    url: str

    def paths(self, *langs: Lang) -> list[str]:
        """The address of every page, below `url`."""
        return [address(lang, page) for lang in langs or LANGS for page in all_pages(lang)]

    def decks(self, *langs: Lang) -> list[str]:
        """The address of every chapter's slides, below `url`."""
        return [
            f"{address(lang, 'index.md')}{deck_page(stage)}"
            for lang in langs or LANGS
            for stage in taught(lang)
        ]

    def file(self, lang: Lang, page: str) -> Path:
        return self.folder / address(lang, page).lstrip("/") / "index.html"

    def read(self, path: str) -> str:
        """The HTML at one of the addresses above."""
        file = f"{path}index.html" if path.endswith("/") else path
        return (self.folder / file.lstrip("/")).read_text()


def address(lang: Lang, page: str) -> str:
    path = page.removesuffix(".md").removesuffix("index").rstrip("/")
    return ("/zh/" if lang == "zh" else "/") + (f"{path}/" if path else "")


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    folder = tmp_path_factory.mktemp("site")
    building.build(list(building.CONFIGS), folder, quiet=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield BuiltSite(folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
