"""Devices, secrets and dead letters in Chromium: the operator's main job, axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from tests.capabilities.ingest.conftest import SYSTEM
from tests.capabilities.live_page import MARKS, live_page, sound, speak

from quancheng.capabilities.ingest import actions, status
from quancheng.capabilities.ingest.letters import Letter
from quancheng.capabilities.ingest.models import DeadLetter, Device
from quancheng.capabilities.ingest.values import ChannelSpec
from quancheng.kernel import clock
from quancheng.kernel.actor import RoleGrant

pytestmark = MARKS


@pytest.fixture
def page(live_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    with live_page(live_server, monkeypatch, RoleGrant("ingest.operator"), name="operator") as one:
        yield one


@pytest.fixture
def letter(db: None) -> DeadLetter:
    """A device with a channel and a dead letter, and a gateway that runs."""
    made = actions.register_device(
        SYSTEM, code="JN-AQ-1", protocol="mqtt", channels=[ChannelSpec("pm25", 1001)], simulated=True
    )
    found = [Letter(made.device, made.code, "mqtt", "syntax", "第1字节", b"{broken", clock.now())]
    actions.keep_letters(SYSTEM, found=found)
    status.beat("ingest.gateway", {"connections": 3, "ack_ms": {"p50": 1, "p95": 2, "p99": 3}})
    return DeadLetter.objects.get()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_accessible_on_a_phone(page: Page, live_server, letter: DeadLetter, language: str) -> None:
    speak(page, live_server, language)
    for path in ("", "devices/", "devices/new/", "devices/JN-AQ-1/", "dead-letters/"):
        sound(page, f"/work/ingest/{path}")


def test_an_operator_registers_rotates_and_dismisses(page: Page, letter: DeadLetter) -> None:
    page.goto("/work/ingest/devices/new/")
    page.fill("input[name=code]", "JN-AQ-2")
    page.fill("textarea[name=channels]", "pm25 1002")
    page.click("form.form button.btn")
    page.wait_for_load_state()
    first = page.inner_text("#secret")
    page.goto("/work/ingest/devices/JN-AQ-2/")
    assert first not in page.content()
    page.click('form[action$="/rotate/"] button')
    page.wait_for_load_state()
    assert page.inner_text("#secret") != first
    page.goto("/work/ingest/dead-letters/?state=open")
    page.click('button[value="dismiss"]')
    page.wait_for_load_state()
    assert letter.refresh().state == "dismissed"
    assert Device.objects.filter(code="JN-AQ-2").exists()
