"""Pictures of every page of the course site, to be looked at: both languages, light, dark and on a phone.

    python -m tests.measurements.site_screens /tmp/screens [WORD]

With WORD only the pages whose address contains it. Needs Chromium and what requirements-dev.txt brings.
Builds the site into a folder of its own.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from common.site import building
from common.site.pages import LANGS, all_pages
from tests.built_site import address

LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}
DRAWN = "!document.querySelector('pre.mermaid')"


def main(into: str, word: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        building.build(list(building.CONFIGS), Path(folder), quiet=True)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--allow-file-access-from-files"]
        )
        paths = [path for lang in LANGS for page in all_pages(lang) if word in (path := address(lang, page))]
        for look, (scheme, width) in LOOKS.items():
            page = browser.new_page(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            for path in paths:
                page.goto(f"file://{folder}{path}index.html")
                page.wait_for_function(DRAWN, timeout=60_000)
                name = path.strip("/").replace("/", "-") or "front"
                page.screenshot(path=Path(into) / look / f"{name}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
