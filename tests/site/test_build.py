"""The built site: whole, offline, and its search finds Chinese words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from tests.built_site import BuiltSite

LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "video": "src"}


class Links(HTMLParser):
    """What a page links to, what it loads, and the ids it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADING and LOADING[tag] in given and given.get("rel") not in {"prev", "next", "alternate"}:
            self.loads.append(given[LOADING[tag]])


@pytest.fixture(scope="module")
def pages(built_site: BuiltSite) -> dict[str, Links]:
    return {path: Links(built_site.read(path)) for path in [*built_site.paths(), *built_site.decks()]}


def inside(pages: dict[str, Links], pick: str) -> Iterator[tuple[str, str, str]]:
    """Every link of every page that stays on the site: the page, the path and the fragment."""
    for page, links in pages.items():
        for link in getattr(links, pick):
            if not urlsplit(link).scheme:
                target = urlsplit(urljoin(page, link))
                yield page, unquote(target.path), unquote(target.fragment)


def test_every_internal_link_and_anchor_leads_somewhere(
    pages: dict[str, Links], built_site: BuiltSite
) -> None:
    dead = []
    for page, path, fragment in inside(pages, "links"):
        file = built_site.folder / path.lstrip("/")
        if path in pages:
            dead += [(page, path, fragment)] if fragment and fragment not in pages[path].ids else []
        elif not file.is_file():
            dead.append((page, path, fragment))
    assert dead == []


def test_the_check_of_links_would_notice(pages: dict[str, Links]) -> None:
    assert len(list(inside(pages, "links"))) > 10 * len(pages)
    assert any(fragment for _, _, fragment in inside(pages, "links"))


def test_nothing_is_loaded_from_elsewhere(pages: dict[str, Links], built_site: BuiltSite) -> None:
    loads = [(page, link) for page, links in pages.items() for link in links.loads]
    parts = [(page, urlsplit(link)) for page, link in loads]
    here = {"", "data"}  # data: a picture that is inside the page
    assert [each for each in parts if each[1].netloc or each[1].scheme not in here] == []
    missing = [
        (page, path)
        for page, path, _ in inside(pages, "loads")
        if not (built_site.folder / path.lstrip("/")).exists()
    ]
    assert missing == []
    styles = "".join(file.read_text() for file in built_site.folder.rglob("*.css"))
    assert re.findall(r"url\(\s*['\"]?(?:https?:)?//[^)]*", styles) == []


def test_only_pages_with_a_diagram_load_mermaid(pages: dict[str, Links], built_site: BuiltSite) -> None:
    loading = {path for path, links in pages.items() if any("mermaid" in each for each in links.loads)}
    drawn = {path for path in pages if 'class="mermaid"' in built_site.read(path)}
    assert loading == drawn != set()


def test_each_language_says_which_it_is(built_site: BuiltSite) -> None:
    assert '<html lang="en"' in built_site.file("en", "index.md").read_text()
    assert '<html lang="zh"' in built_site.file("zh", "index.md").read_text()


def test_the_chinese_search_index_knows_words_not_only_sentences(built_site: BuiltSite) -> None:
    index = json.loads((built_site.folder / "zh" / "search" / "search_index.json").read_text())
    assert "zh" in index["config"]["lang"]
    text = "".join(doc["text"] + doc["title"] for doc in index["docs"])
    assert re.search("\u200b超卖\u200b|\u200b库存\u200b", text), "jieba has cut nothing"


def test_the_same_page_in_the_other_language_is_one_click_away(built_site: BuiltSite) -> None:
    for lang, other in (("en", "zh"), ("zh", "en")):
        page = built_site.file(lang, "reference/glossary.md")  # type: ignore[arg-type]
        found = re.search(r'<a class="[^"]*language" href="([^"]*)"\s+hreflang="(\w+)"', page.read_text())
        assert found
        assert found[2] == other
        target = (page.parent / found[1]).resolve() / "index.html"
        assert target == Path(built_site.file(other, "reference/glossary.md")).resolve()  # type: ignore[arg-type]
