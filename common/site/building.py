"""Building the site: once, or again and again while somebody writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from common.lab.places import ROOT
from common.site import decks
from common.site.errors import PageError
from common.site.pages import DOCS
from common.site.words import Lang

SITE = ROOT / "site"
CONFIGS: dict[Lang, str] = {
    "en": "mkdocs.yml",
    "zh": "mkdocs.zh.yml",
}  # in this order: English empties site/, Chinese is inside

# Warnings of the libraries are not ours; what mkdocs itself warns of is an error.
SETTINGS = {"PYTHONWARNINGS": "ignore", "NO_MKDOCS_2_WARNING": "1"}


def build(langs: Sequence[Lang], into: Path = SITE, *, quiet: bool = False) -> None:
    """Build these languages, strictly, and their decks. PageError says which failed; mkdocs has said why."""
    for lang in langs:
        argv = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", CONFIGS[lang]]
        folder = into if lang == "en" else into / lang
        argv += ["-d", str(folder), *(["-q"] if quiet else [])]
        done = subprocess.run(argv, cwd=ROOT, env=os.environ | SETTINGS, check=False)
        if done.returncode:
            raise PageError(f"the {lang} site cannot be built: see above")
        decks.write(lang, folder)


def serve(port: int, say: Callable[[str], None]) -> None:
    """Serve site/ on 127.0.0.1, built anew whenever a source changes. Returns on Ctrl-C."""
    from mkdocs.livereload import LiveReloadServer

    def rebuild() -> None:
        try:
            build(list(CONFIGS), quiet=True)
        except PageError as error:
            say(str(error))

    say("building both languages …")
    rebuild()
    server = LiveReloadServer(builder=rebuild, host="127.0.0.1", port=port, root=str(SITE), mount_path="/")
    for path in (DOCS, ROOT / "stages", ROOT / "sql", ROOT / "mkdocs.yml", ROOT / "mkdocs.zh.yml"):
        server.watch(str(path))
    say(f"http://127.0.0.1:{port}/ and http://127.0.0.1:{port}/zh/ (Ctrl-C ends it)")
    try:
        server.serve(open_in_browser=False)  # type: ignore[no-untyped-call]
    except KeyboardInterrupt:
        say("")
    finally:
        server.shutdown()
