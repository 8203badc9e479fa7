"""The counter's page in a real browser: hand scanner, camera, cut off for a while, uploads that arrive once."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import segno
from django.test import override_settings
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright
from tests.capabilities.code.conftest import Phone, read_all
from tests.capabilities.services.browser import CHROMIUM, DESK, MARKS, Window, clean, window

from quancheng.capabilities.code import actions
from quancheng.capabilities.code.models import Device, Scan, Upload, Verifier
from quancheng.capabilities.people.actions import grant_role
from quancheng.capabilities.people.queries import department
from quancheng.commands.words import compile_catalogues
from quancheng.core import citycode
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

pytestmark = MARKS
__all__ = ["window"]
OFFICE = "jn-lixia-civil"


@pytest.fixture
def counter(user: Any) -> Verifier:
    """A counter, and a clerk who may check codes there."""
    call = Call.system("code", simulated=True)
    made = actions.register_verifier(
        call, code="hall-3", name="三号窗口", kind="counter", scene_code="counter", department_id=department(OFFICE).pk,
    )  # fmt: skip
    grant_role(
        Call.system("tests"), user=user("clerk-civil"), role="code.counter", department=department(OFFICE)
    )
    return made


def scan(page: Page, text: str) -> str:
    """What a hand scanner does: types and presses Enter. Returns the verdict."""
    box = page.get_by_label("扫码枪或粘贴")
    verdict = page.locator(".scan__verdict")
    before = int(verdict.get_attribute("data-count") or 0)
    box.fill(text)
    box.press("Enter")
    expect(verdict).to_have_attribute("data-count", str(before + 1))
    return str(verdict.get_attribute("data-verdict"))


def opened(window: Window) -> Page:
    page = window("clerk-civil", DESK)
    page.goto("/work/code/scan/")
    expect(page.locator(".scan")).to_have_attribute("data-blocked", "")
    return page


def test_a_clerk_checks_codes_and_learns_only_what_the_counter_needs(
    window: Window, counter: Verifier, phone_of: Any, tmp_path: Path
) -> None:
    page, phone = opened(window), phone_of("citizen-elder")
    clean(page)
    assert scan(page, phone.show("counter")) == "ok"
    verdict = page.locator(".scan__verdict").inner_text()
    assert "有效 Valid" in verdict
    assert "老年人优待" in verdict
    assert "本市居民" not in verdict  # not this scene's business
    page.screenshot(path=str(tmp_path / "good.png"), full_page=True)
    clean(page)
    assert page.get_by_label("扫码枪或粘贴").evaluate("one => document.activeElement === one")
    assert scan(page, phone.show("metro")) == "scene-off"
    assert "This code is not for this place." in page.locator(".scan__verdict").inner_text()
    page.screenshot(path=str(tmp_path / "bad.png"), full_page=True)
    clean(page)
    page.context.add_cookies([{"name": "qc_theme", "value": "dark", "url": page.url}])
    page.goto("/work/code/scan/")
    expect(page.locator(".scan")).to_have_attribute("data-blocked", "")
    assert scan(page, phone.show("counter")) == "ok"
    clean(page)
    assert scan(page, phone.show("counter", at=int(clock.now().timestamp()) - 300)) == "stale"
    clean(page)
    assert scan(page, "https://example.invalid/") == "malformed"


def test_a_hand_scanner_types_through_a_chinese_input_method(
    window: Window, counter: Verifier, phone_of: Any
) -> None:
    page, phone = opened(window), phone_of()
    changed = str.maketrans({":": "：", ".": "。", "/": "、", "$": "￥", "%": "％", "*": "＊", "+": "＋"})
    assert scan(page, phone.show("counter").translate(changed)) == "ok"
    assert scan(page, phone.show("counter").lower()) == "ok"


def test_cut_off_it_goes_on_and_uploads_once_the_network_is_back(
    window: Window, counter: Verifier, phone_of: Any
) -> None:
    page, phone = opened(window), phone_of()
    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    page.context.set_offline(True)
    page.goto("/work/code/scan/")  # the kept page: it knows the places from before
    expect(page.locator(".scan")).to_have_attribute("data-blocked", "")
    expect(page.get_by_text("没有网络：核验照常")).to_be_visible()
    shown = phone.show("counter")
    assert scan(page, shown) == "ok"
    page.reload()
    expect(page.locator(".scan")).to_have_attribute("data-blocked", "")
    assert scan(page, shown) == "replayed"  # the memory outlives the page
    expect(page.locator(".scan")).to_have_attribute("data-waiting", "2")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator(".scan")).to_have_attribute("data-waiting", "0")
    upload = Upload.objects.get()
    assert (upload.verifier_id, upload.count) == (counter.pk, 2)
    read_all()
    assert list(Scan.objects.order_by("pk").values_list("verdict", flat=True)) == ["ok", "replayed"]


def test_a_lost_answer_does_not_make_a_second_upload(
    window: Window, counter: Verifier, phone_of: Any
) -> None:
    page, phone = opened(window), phone_of()
    keys = []

    def swallow(route: Any) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()  # it arrives, its answer does not
            route.abort()
        else:
            route.continue_()

    page.context.route("**/work/code/upload/", swallow)
    assert scan(page, phone.show("counter")) == "ok"
    page.get_by_role("button", name="现在上传").click()
    expect(page.get_by_text("没有网络：核验照常")).to_be_visible()
    page.get_by_role("button", name="现在上传").click()
    expect(page.locator(".scan")).to_have_attribute("data-waiting", "0")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert Upload.objects.count() == 1


def test_what_the_city_will_not_take_is_put_aside_and_said(
    window: Window, counter: Verifier, phone_of: Any
) -> None:
    page, phone = opened(window), phone_of()
    actions.set_verifier(Call.system("code"), verifier=counter, active=False)
    assert scan(page, phone.show("counter")) == "ok"
    page.get_by_role("button", name="现在上传").click()
    expect(page.get_by_text("1 条上传未被接受")).to_be_visible()
    expect(page.get_by_text("验码点已停用")).to_be_visible()
    clean(page)
    page.get_by_role("button", name="已记下，清除").click()
    expect(page.get_by_text("1 条上传未被接受")).to_be_hidden()


def test_a_stopped_phone_is_refused_after_the_lists_came(
    window: Window, counter: Verifier, phone_of: Any
) -> None:
    page, phone = opened(window), phone_of()
    actions.report_lost(Call.system("code"), device=Device.objects.get())
    assert scan(page, phone.show("counter")) == "ok"  # the lists here are older
    with page.expect_response("**/code/bundle.json"):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator(".scan")).to_have_attribute("data-waiting", "0")
    assert scan(page, phone.show("counter")) == "stopped"


def test_lists_too_old_are_not_trusted(window: Window, counter: Verifier, phone_of: Any) -> None:
    page = opened(window)
    page.context.set_offline(True)
    page.evaluate("{ const now = Date.now.bind(Date); Date.now = () => now() + 25 * 3_600_000; }")
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(page.get_by_text("名单太旧")).to_be_visible()
    page.get_by_label("扫码枪或粘贴").fill("QC1:")
    page.get_by_label("扫码枪或粘贴").press("Enter")
    assert page.locator(".scan__verdict").get_attribute("data-verdict") is None


def film(text: str, folder: Path) -> Path:
    """What a camera sees: the code on a phone held before it, as motion JPEG."""
    drawn = io.BytesIO()
    segno.make(text, error="m", mode="alphanumeric", boost_error=False).save(
        drawn, kind="png", scale=8, border=4
    )
    code = Image.open(drawn).convert("RGB")
    frame = Image.new("RGB", (1280, 720), (90, 90, 90))
    frame.paste(code, ((1280 - code.width) // 2, (720 - code.height) // 2))
    one = io.BytesIO()
    frame.save(one, "JPEG", quality=90)
    film = folder / "camera.mjpeg"
    film.write_bytes(one.getvalue() * 30)
    return film


@contextmanager
def camera(live_server: Any, monkeypatch: pytest.MonkeyPatch, film: Path) -> Iterator[Page]:
    """A desk whose camera sees a film."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    compile_catalogues()
    with sync_playwright() as playwright, override_settings(CSRF_TRUSTED_ORIGINS=[live_server.url]):
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"],
        )  # fmt: skip
        page = browser.new_page(base_url=live_server.url, viewport={"width": 1280, "height": 900})
        page.goto("/demo/")
        page.click('button[value="clerk-civil"]')
        page.wait_for_load_state()
        yield page
        browser.close()


def test_the_camera_reads_the_code_once(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, counter: Verifier, phone_of: Any, tmp_path: Path
) -> None:
    phone: Phone = phone_of("citizen-elder")
    shown = phone.show("counter")
    with camera(live_server, monkeypatch, film(shown, tmp_path)) as page:
        page.goto("/work/code/scan/")
        expect(page.locator(".scan")).to_have_attribute("data-blocked", "")
        page.get_by_role("button", name="打开摄像头").click()
        expect(page.locator(".scan__verdict")).to_have_attribute("data-verdict", "ok", timeout=20_000)
        page.screenshot(path=str(tmp_path / "camera.png"))
        page.wait_for_timeout(2500)  # it is still held there: one scan, not many
        expect(page.locator(".scan__verdict")).to_have_attribute("data-verdict", "ok")
        expect(page.locator(".scan")).to_have_attribute("data-waiting", "1")
        page.get_by_role("button", name="关闭摄像头").click()
        expect(page.locator(".scan__video")).to_be_hidden()
        page.get_by_role("button", name="现在上传").click()
        expect(page.locator(".scan")).to_have_attribute("data-waiting", "0")
    read_all()
    assert Scan.objects.get().nonce == citycode.decode(shown).nonce.hex()
