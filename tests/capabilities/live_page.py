"""活页面: one page of Chromium against Django's live server, signed in as an official of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from playwright.sync_api import Page, sync_playwright

from quancheng.capabilities.people.models import User
from quancheng.commands.words import compile_catalogues
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
PHONE, DESK = (390, 844), (1280, 900)
MARKS = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path(CHROMIUM).exists() or not AXE.exists(), reason="needs Chromium and axe-core"),
]
"""A file of such tests says ``pytestmark = MARKS``."""


@contextmanager
def live_page(
    live_server: Any,
    patch: pytest.MonkeyPatch,
    *grants: RoleGrant,
    name: str = "",
    size: tuple[int, int] = PHONE,
    person_id: int | None = None,
) -> Iterator[Page]:
    """A page in a window of ``size``; signed in as the official ``name`` with ``grants``, as a citizen, or as nobody."""
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright keeps an event loop running in this thread
    compile_catalogues()
    cookies = [_signed_in(live_server.url, patch, name, grants, person_id)] if name else []
    with sync_playwright() as playwright, override_settings(CSRF_TRUSTED_ORIGINS=[live_server.url]):
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
            bypass_csp=True,  # axe is put into the page from here
        )
        context.add_cookies(cookies)  # type: ignore[arg-type]
        yield context.new_page()
        browser.close()


def _signed_in(
    url: str, patch: pytest.MonkeyPatch, name: str, grants: tuple[RoleGrant, ...], person_id: int | None
) -> dict[str, str]:
    user = User.objects.create_user(name, password="x" * 12)
    kind = ActorKind.OFFICIAL if person_id is None else ActorKind.PERSON
    actor = Actor(kind, name, user_id=user.pk, person_id=person_id, grants=grants)
    patch.setattr(
        "quancheng.kernel.middleware._loader",
        lambda: lambda who, request: actor if who.is_authenticated else Actor.anonymous(),
    )
    client = Client()
    client.force_login(user)
    cookie = settings.SESSION_COOKIE_NAME
    return {"name": cookie, "value": client.cookies[cookie].value, "url": url}


def speak(page: Page, live_server: Any, language: str) -> None:
    """Read the pages in a language."""
    page.context.add_cookies([{"name": "qc_language", "value": language, "url": live_server.url}])


def sound(page: Page, path: str = "") -> None:
    """Open ``path`` (or stay): no axe violation, no sideways scrolling."""
    if path:
        page.goto(path)
        page.wait_for_load_state("networkidle")
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    said = [(one["id"], one["nodes"][0]["html"][:120]) for one in found]
    assert not said, (page.url, said)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
