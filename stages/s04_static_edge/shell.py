"""What the edge serves without the app: a page for each language, and the assets, as files."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from flask import Flask, render_template, session

from common.buyers import Buyer
from common.shop import Sale
from common.web.guards import HEADERS
from common.web.i18n import LANGUAGES
from common.web.logs import NOTE, Note
from common.web.pages import ANSWERS

NEVER = datetime.fromtimestamp(0, UTC)
NOBODY = Buyer(0, "", "buyer")
MENU = {"pages.sale_list": "nav.sales", "pages.orders": "nav.orders", "admin_pages.sale_list": "nav.admin"}
# The script replaces every value. The price is below the usual one so that the page has a place for both.
ANY_SALE = Sale(
    id=0,
    title="",
    title_zh="",
    image="tea",
    price_cents=1,
    list_price_cents=2,
    initial=1,
    stock=1,
    buyer_limit=1,
    opens_at=NEVER,
    closes_at=NEVER,
    state="published",
    version=0,
)


def build(app: Flask, folder: Path) -> None:
    """Write everything into `folder`/plain, and compressed under the same names into `folder`/gzip.

    All assets lie in one folder named by the hash of them all. So a name never changes its content and may be
    cached for ever, and scripts still find each other by relative names. (The price: one changed byte renames
    everything.) The names without a hash are for pages that the app makes.
    """
    assets = read_assets(app)
    names = {f"/assets/{digest(assets)}": assets, "/static": assets}
    files = {f"{base}/{name}": body for base, all_of in names.items() for name, body in all_of.items()}
    for language in LANGUAGES:
        for page, html in render_pages(app, language).items():
            files[f"/shell/{page}.{language}.html"] = html.replace(
                "/static/", f"/assets/{digest(assets)}/"
            ).encode()
    for name, body in files.items():
        write(folder / "plain", name, body)
        write(folder / "gzip", name, gzip.compress(body, mtime=0))
    (folder / "security.conf").write_text(
        "".join(f'add_header {name} "{value}" always;\n' for name, value in HEADERS.items())
    )


def read_assets(app: Flask) -> dict[str, bytes]:
    """Every asset of the web layer and of this stage, by its name below /static/."""
    folders = [Path(str(app.static_folder)), Path(__file__).parent / "static"]
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def digest(assets: dict[str, bytes]) -> str:
    """The same for the same assets, on any machine."""
    whole = blake2b(digest_size=8)
    for name, body in assets.items():
        whole.update(f"{name} {len(body)}\n".encode() + body)
    return whole.hexdigest()


def render_pages(app: Flask, language: str) -> dict[str, str]:
    """The pages in one language. Nothing in them depends on who looks, at what, or when."""
    environ = {NOTE: Note("build")}
    with app.test_request_context(
        "/sales/1", headers={"Cookie": f"language={language}"}, environ_overrides=environ
    ):
        session["csrf"] = ""  # each visitor has one of their own: the script asks for it
        shared = {"now": NEVER, "here": "/"}
        paused = render_template("paused.html", **shared)
        whole = render_template(
            "shell.html", sale=ANY_SALE, buyer=NOBODY, menu=MENU, quantity=1, answers=ANSWERS, **shared
        )
    return {"sale": whole, "paused": paused}


def write(folder: Path, name: str, body: bytes) -> None:
    file = folder / name.removeprefix("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
