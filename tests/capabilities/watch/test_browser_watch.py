"""A rule in Chromium: written with a preview, tried on the past with its chart; axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, sync_playwright

from quancheng.capabilities.people.models import User
from quancheng.commands.words import compile_catalogues
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

AXE = Path(__file__).parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path(CHROMIUM).exists() or not AXE.exists(), reason="needs Chromium and axe-core"),
]


@pytest.fixture
def page(live_server, streams, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    compile_catalogues()
    user = User.objects.create_user("author", password="x" * 12)
    actor = Actor(ActorKind.OFFICIAL, "author", user_id=user.pk, grants=(RoleGrant("watch.writer"),))
    monkeypatch.setattr(
        "quancheng.kernel.middleware._loader",
        lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
    )
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            bypass_csp=True, base_url=live_server.url, viewport={"width": 1280, "height": 900}
        )
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        yield context.new_page()
        browser.close()


def clean(page: Page) -> None:
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes[0].html)")
    assert found == []


def test_write_preview_and_try(page: Page, streams, send) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)  # the server's threads are on the real clock
    send(streams["P-1:ponding_depth"], yesterday, [0.1, 0.3, 0.4, 0.1])
    page.goto("/work/watch/new/")
    clean(page)
    said = {"code": "deep", "zh": "道路积水过深", "en": "Deep water", "limit": "0.27", "clear": "0.15"}
    for name, value in (said | {"consecutive": "2", "source": "测试依据"}).items():
        page.fill(f"[name={name}]", value)
    chosen = {
        "kind": "hysteresis",
        "property": "things:ponding_depth",
        "level": "2",
        "incident_type": "watch.water",
    }
    for name, value in chosen.items():
        page.select_option(f"[name={name}]", value)
    page.click("button[value=preview]")
    page.wait_for_selector("#preview >> text=覆盖 3 条数据流")
    clean(page)
    page.click("button[value=save]")
    page.wait_for_url("**/work/watch/deep/")
    page.click("button[value=simulate]")
    page.wait_for_selector("text=会触发 1 次")
    assert page.locator("#sightings tbody tr").count() == 1
    clean(page)
    page.goto("/work/watch/")
    page.wait_for_selector("text=道路积水过深")
    clean(page)
    page.goto("/work/watch/episodes/")
    clean(page)
