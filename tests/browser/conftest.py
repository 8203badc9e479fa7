"""One city and one Chromium for each worker's browser tests, both of this package only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from quancheng.testing.prepared import once
from quancheng.testing.server import CityServer
from tests.browser.tools import AXE, CHROMIUM, PHONE, Visit, Watch

HERE = Path(__file__).parent
PAGES = "test_every_page.py"
PARTS = 6
COOKIES = {"language": "qc_language", "elder": "qc_elder", "theme": "qc_theme"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here is a browser test; stories share a city, pages are split into parts of like size."""
    missing = [str(path) for path in (CHROMIUM, AXE) if not path.exists()]
    pages, total = 0, sum(item.path.name == PAGES for item in items)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if item.path.name == PAGES:
                item.add_marker(pytest.mark.xdist_group(f"browser-pages-{pages * PARTS // total}"))
                pages += 1
            else:
                item.add_marker(pytest.mark.xdist_group("browser-stories"))
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}"))


@pytest.fixture(scope="package")
def city(tmp_path_factory: pytest.TempPathFactory, shared_folder: Path) -> Iterator[CityServer]:
    """A demo city that runs; ``QUANCHENG_BROWSER_URL`` points at one that runs already."""
    if address := os.environ.get("QUANCHENG_BROWSER_URL"):
        running = CityServer(tmp_path_factory.getbasetemp())
        running.url = address
        yield running
        return
    image = once(shared_folder, "browser-city", _make)
    with CityServer(tmp_path_factory.mktemp("city"), image=image) as server:
        yield server


def _make(home: Path) -> None:
    """A city whose workers have nothing left to do: its pages are all there is to wait for."""
    made = CityServer(home)
    made.make()
    made.catch_up()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; package scope, because Playwright keeps an event loop running in this thread."""
    unsafe = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM))
        yield chromium
        chromium.close()
    if unsafe is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="package")
def sessions() -> dict[str, Any]:
    """Sign-ins made once by click and carried into later windows."""
    return {}


@pytest.fixture
def visit(city: CityServer, browser: Browser, sessions: dict[str, Any]) -> Iterator[Visit]:
    """Opens windows; each complains at the end of the test about errors in its console."""
    opened: list[tuple[Any, Watch]] = []

    def window(size: tuple[int, int], state: Any) -> Page:
        context = browser.new_context(
            base_url=city.url,
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            service_workers="block",
            storage_state=state,
        )
        context.set_default_timeout(30_000)
        page = context.new_page()
        watch = Watch(city.url)
        watch.attach(page)
        page.watch = watch  # type: ignore[attr-defined]
        opened.append((context, watch))
        return page

    def visit(
        identity: str | None = None,
        size: tuple[int, int] = PHONE,
        *,
        language: str = "zh-hans",
        elder: bool = False,
    ) -> Page:
        if identity is not None and identity not in sessions:
            page = window(PHONE, None)
            page.goto("/demo/")
            page.locator(f'button[value="{identity}"]').click()
            page.wait_for_url(lambda url: "/demo/" not in url)
            sessions[identity] = page.context.storage_state()
            page.context.close()
        page = window(size, sessions.get(identity))
        wanted = {"language": language, "elder": "1" if elder else "0"}
        page.context.add_cookies([
            {"name": COOKIES[name], "value": value, "url": city.url} for name, value in wanted.items()
        ])  # fmt: skip
        return page

    yield visit
    for context, _watch in opened:
        context.close()
    complaints = [line for _context, watch in opened for line in watch.complaints]
    strangers = [line for _context, watch in opened for line in watch.strangers]
    assert not strangers, strangers
    assert not complaints, complaints
