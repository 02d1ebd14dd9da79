"""The README's picture of the playable scheduler: s01, oversold.

    python -m tests.measurements.scheduler_picture docs/results/scheduler.png

Needs Chromium and what requirements-dev.txt brings. Builds the site into a folder of its own.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from common.site import building

OVERSOLD = "AABBBBAA"


def main(picture: str) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        building.build(["en"], Path(folder), quiet=True)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--allow-file-access-from-files"]
        )
        page = browser.new_page(
            viewport={"width": 1000, "height": 900}, device_scale_factor=1.5, reduced_motion="reduce"
        )
        page.goto(f"file://{folder}/index.html?shop=s01&schedule={OVERSOLD}")
        page.add_style_tag(content=".md-header, .md-tabs, .md-top { display: none !important }")
        page.locator(".scheduler").screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
