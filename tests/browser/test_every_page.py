"""Every page the navigation leads to, and one step further: sound, accessible, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from quancheng.capabilities.people import demo
from quancheng.kernel import registry
from tests.browser.tools import PHONE, Visit, Watch, axe, chinese, go, path_of, settled, sideways

NARROW, WIDE = (360, 780), (1280, 900)
WALL = (1920, 1080)
LANGUAGES = ("zh-hans", "en")
STEPS = 6
"""Links followed from one page; each route is followed once for each identity.

In English only: its words are longer, so what fits in English fits in Chinese, and the templates are
the same. The entries themselves are looked at in both languages.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the navigation and the demo identity that opens it."""

    face: str
    path: str
    identity: str | None

    def __str__(self) -> str:
        return f"{self.path} as {self.identity or 'nobody'}"


@dataclass(slots=True)
class Finding:
    """What was found on one page."""

    path: str
    unsound: list[str] = field(default_factory=list)
    inaccessible: list[str] = field(default_factory=list)
    untranslated: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        return self.unsound + self.inaccessible + [f"not English: {one}" for one in self.untranslated]


def _holder(roles: tuple[str, ...]) -> str | None:
    """The first demo identity that holds one of the roles, None when nobody does."""
    for one in demo.identities():
        if set(roles) & set(one.roles):
            return one.key
    return None


def entries() -> list[Entry]:
    """All entries of all faces, the shell's own pages and the pages for strangers."""
    own = [
        Entry("citizen", path, None)
        for path in ("/", "/demo/", "/sitemap/", "/accessibility/", "/feedback/", "/accounts/login/")
    ]
    own += [Entry("citizen", "/", "citizen-elder"), Entry("desk", "/work/", "clerk-civil")]
    own += [Entry("open", "/open/", None), Entry("guard", "/sec/", "guard-auditor")]
    own += [Entry("guard", "/sec/modules/", "guard-auditor"), Entry("guard", "/sec/components/", None)]
    usual = {"citizen": "citizen-elder", "guard": "guard-auditor", "desk": "clerk-civil"}
    rows = [row for _module, row in registry.items("page") if not row.roles or _holder(row.roles)]
    found = [
        Entry(row.face, row.path, _holder(row.roles) if row.roles else usual.get(row.face)) for row in rows
    ]
    return list(dict.fromkeys([*own, *found]))


ENTRIES = entries()


def _route(path: str) -> str:
    """The name of a page's route; empty for what is no page of ours."""
    if path.startswith(("/api/", "/static/", "/metrics", "/live/")):
        return ""
    try:
        return str(resolve(urlsplit(path).path).view_name)
    except Resolver404:
        return ""


def _links(page: Page) -> list[str]:
    """Addresses the main part links to, in this city, without fragments."""
    hrefs = page.eval_on_selector_all(
        "main a[href]:not([download])", "links => links.map(link => link.getAttribute('href'))"
    )
    here = path_of(page)
    full = [urlsplit(urljoin(here, href)) for href in hrefs if not href.startswith(("#", "mailto:", "tel:"))]
    return [f"{one.path}?{one.query}".rstrip("?") for one in full if not one.netloc]


def _look(page: Page, face: str, language: str, status: int) -> Finding:
    """Judge the page in the window; Chinese at phone width, English at desk width, overflow at both."""
    watch: Watch = page.watch  # type: ignore[attr-defined]
    found = Finding(path_of(page))
    if status != 200:
        found.unsound.append(f"status {status}")
    heads = page.locator("h1").count()
    if heads != 1:
        found.unsound.append(f"{heads} h1")
    failed = page.locator('[data-island][data-state="failed"]').count()
    if failed:
        found.unsound.append(f"{failed} islands failed")
    small = face in {"citizen", "desk", "open", "guard"}
    sizes = [WIDE, NARROW] if small else [NARROW, WIDE, WALL]
    order = sizes if language != "en" else list(reversed(sizes))
    for width, height in order:
        if face == "command" and width < 1280:
            continue
        page.set_viewport_size({"width": width, "height": height})
        if out := sideways(page):
            found.unsound.append(f"sideways at {width}: {out}")
    found.inaccessible = axe(page)
    if language == "en":
        found.untranslated = chinese(page)
    found.unsound += watch.complaints + [f"left the city: {url}" for url in watch.strangers]
    watch.clear()
    return found


Survey = Callable[[Entry, str], list[Finding]]


@pytest.fixture(scope="module")
def followed() -> set[tuple[str | None, str]]:
    return {(one.identity, _route(one.path)) for one in ENTRIES}


@pytest.fixture
def survey(
    visit: Visit,
    followed: set[tuple[str | None, str]],
) -> Survey:
    """Looks at an entry and the pages it leads to."""

    def look(entry: Entry, language: str) -> list[Finding]:
        page = visit(entry.identity, PHONE if language != "en" else WIDE, language=language)
        found = [_look(page, entry.face, language, go(page, entry.path))]
        steps = 0
        for link in _links(page) if language == "en" else ():
            route = _route(link)
            mark = (entry.identity, route)
            if not route or mark in followed or steps >= STEPS:
                continue
            followed.add(mark)
            answer = page.context.request.head(link, max_redirects=0)
            if not answer.headers.get("content-type", "").startswith("text/html"):
                continue
            steps += 1
            status = go(page, link)
            settled(page)
            face = page.locator("html").get_attribute("data-face") or entry.face
            found.append(_look(page, face, language, status))
        return found

    return look


def test_every_entry_has_a_demo_identity() -> None:
    """Whoever looks around in the demo can open everything; otherwise add a role to ``demo.toml``."""
    rows = [row for _module, row in registry.items("page") if row.roles and not _holder(row.roles)]
    assert not [(row.path, row.roles) for row in rows]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("entry", ENTRIES, ids=str)
def test_pages_stand(survey: Survey, entry: Entry, language: str) -> None:
    """An entry and where it leads to: sound, accessible, and in English without Chinese words.

    Sound: answered, one heading, nothing sticks out, a quiet console, nothing from another host.
    Accessible: no serious or critical finding of axe. English: Chinese only inside ``lang="zh…"``:
    names, places and what people wrote (``{{ value|zh }}``).
    """
    wrong = {one.path: one.faults() for one in survey(entry, language) if one.faults()}
    assert not wrong
