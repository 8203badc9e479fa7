"""The code on a phone and the check at a counter, in a real browser: bound, shown, read, cut off, lost.

Every page passes axe (``clean``).
"""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect
from tests.capabilities.services.browser import MARKS, PHONE, Window, clean, window

from quancheng.capabilities.code import actions, queries
from quancheng.capabilities.code.issuers import trusted
from quancheng.capabilities.code.models import Device
from quancheng.capabilities.code.vocabulary import scene as find
from quancheng.core import citycode
from quancheng.kernel import clock
from quancheng.kernel.actions import Call

pytestmark = MARKS
__all__ = ["window"]


def read_code(page: Page, part: str = ".code__show") -> str:
    """What a camera reads from the screen."""
    picture = Image.open(io.BytesIO(page.locator(part).screenshot()))
    found = zxingcpp.read_barcodes(picture)
    assert found, "no code on the screen"
    return str(found[0].text)


def bound(window: Window, identity: str = "citizen-young", **more: Any) -> Page:
    """A phone with a code on its screen."""
    page = window(identity, **more)
    page.goto("/code/")
    page.locator(".code__bind").click()
    expect(page.locator(".code__show svg")).to_be_visible()
    return page


def taken(text: str, scene: str) -> str:
    """What a gate of the city makes of it."""
    knows = citycode.Verifying({key.kid: key for key in trusted()}, queries.standing().stopped)
    gate = citycode.Gate(knows)
    try:
        citycode.verify(text, gate, now=int(clock.now().timestamp()), scene=find(scene).bit)
    except citycode.CodeFault as fault:
        return str(fault.reason)
    return "ok"


def test_a_phone_is_bound_and_shows_a_code_gates_take(window: Window, tmp_path: Path) -> None:
    page = bound(window)
    clean(page)
    page.screenshot(path=str(tmp_path / "code.png"), full_page=True)
    assert page.locator(".code__show svg").get_attribute("data-version") == "12"
    first = read_code(page)
    assert taken(first, "bus") == "ok"
    assert taken(first, "metro") == "scene-off"
    page.get_by_label("地铁").check()
    expect(page.locator(".code__card")).to_have_attribute("data-scene", "metro")
    assert taken(read_code(page), "metro") == "ok"
    assert Device.objects.get().label == "Linux · Chrome"


def test_the_code_changes_every_ten_seconds_and_a_screenshot_is_useless_soon(window: Window) -> None:
    page = bound(window)
    first = read_code(page)
    second = first
    until = time.monotonic() + 25
    while second == first and time.monotonic() < until:
        page.wait_for_timeout(500)
        second = read_code(page)
    assert second != first
    one, two = citycode.decode(first), citycode.decode(second)
    assert one.credential == two.credential
    assert one.nonce != two.nonce
    said = page.locator(".code__said")
    assert said.inner_text() == ""  # the tick of the clock is nothing to read out


def test_without_a_network_the_page_opens_and_gates_take_its_code(window: Window, tmp_path: Path) -> None:
    page = bound(window)
    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    page.reload()  # now through the worker
    expect(page.locator(".code__show svg")).to_be_visible()
    page.context.set_offline(True)
    page.goto("/code/")
    expect(page.locator(".code__show svg")).to_be_visible()
    expect(page.get_by_text("没有网络，码照常可用。")).to_be_visible()
    assert taken(read_code(page), "bus") == "ok"
    page.screenshot(path=str(tmp_path / "offline.png"), full_page=True)
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_text("没有网络，码照常可用。")).to_be_hidden()


def test_one_tap_fills_the_screen(window: Window, tmp_path: Path) -> None:
    page = bound(window)
    page.locator(".code__show").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator(".code-full__code svg")).to_be_visible()
    page.screenshot(path=str(tmp_path / "full.png"))
    box = dialog.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"]) == (0, 0, PHONE[0])
    assert taken(read_code(page, ".code-full__code"), "bus") == "ok"
    clean(page)
    dialog.get_by_role("button", name="关闭").click()
    expect(dialog).to_be_hidden()


def test_a_lost_phone_forgets_its_key_when_it_next_meets_the_city(window: Window) -> None:
    page = bound(window)
    kept = read_code(page)
    actions.report_lost(Call.system("code"), device=Device.objects.get())
    assert taken(kept, "bus") == "stopped"
    page.get_by_role("button", name="现在续期").click()
    expect(page.get_by_text("已停用（已挂失")).to_be_visible()
    expect(page.locator(".code__show")).to_have_count(0)
    held = """new Promise(done => { const open = indexedDB.open('quancheng-code');
        open.onsuccess = () => { const all = open.result.transaction('things').objectStore('things').getAllKeys();
        all.onsuccess = () => done(all.result); }; })"""
    assert page.evaluate(held) == ["standing"]
    page.locator(".code__bind").click()
    expect(
        page.get_by_text("挂失之后须重新登录才能绑定手机。 请退出登录，再登录一次后绑定。")
    ).to_be_visible()
    assert not Device.objects.filter(state=Device.State.ACTIVE).exists()
    page.goto("/demo/")
    page.click('button[value="citizen-young"]')
    page.wait_for_load_state()
    page.goto("/code/")
    page.locator(".code__bind").click()
    expect(page.locator(".code__show svg")).to_be_visible()
    assert Device.objects.filter(state=Device.State.ACTIVE).count() == 1
    assert taken(read_code(page), "bus") == "ok"


def test_signed_out_a_stopped_phone_learns_it_from_the_lists(window: Window) -> None:
    page = bound(window)
    actions.report_lost(Call.system("code"), device=Device.objects.get())
    session = [one for one in page.context.cookies() if one["name"] != "qc_session"]
    page.context.clear_cookies()
    page.context.add_cookies(session)  # type: ignore[arg-type]
    page.get_by_role("button", name="现在续期").click()
    expect(page.get_by_text("已停用（已挂失")).to_be_visible()


def test_signed_out_the_code_goes_on_and_says_where_to_sign_in(window: Window) -> None:
    page = bound(window)
    session = [one for one in page.context.cookies() if one["name"] != "qc_session"]
    page.context.clear_cookies()
    page.context.add_cookies(session)  # type: ignore[arg-type]
    page.get_by_role("button", name="现在续期").click()
    expect(page.get_by_text("登录已过期。现有凭证到期前照常可用")).to_be_visible()
    assert taken(read_code(page), "bus") == "ok"
    link = page.get_by_role("link", name="去登录").get_attribute("href")
    assert page.request.get(str(link)).status == 200
    clean(page)


def test_the_key_cannot_leave_the_browser(window: Window) -> None:
    page = bound(window)
    tried = page.evaluate(
        """new Promise(done => { const open = indexedDB.open('quancheng-code');
        open.onsuccess = () => { const got = open.result.transaction('things').objectStore('things').get('device');
        got.onsuccess = () => crypto.subtle.exportKey('jwk', got.result.pair.privateKey)
            .then(() => done('exported'), error => done(error.name)); }; })"""
    )
    assert tried == "InvalidAccessError"


def test_a_scene_switched_off_says_so(window: Window) -> None:
    page = bound(window)
    page.goto("/code/scenes/")
    page.get_by_role("button", name="关闭 公交").click()
    page.goto("/code/")
    page.get_by_role("button", name="现在续期").click()
    expect(page.get_by_label("公交（已关闭）")).to_be_visible()
    page.get_by_label("公交（已关闭）").check()
    expect(page.get_by_text("可能已在“场景开关”里关闭")).to_be_visible()
    clean(page)
    page.get_by_label("图书馆").check()
    assert taken(read_code(page), "library") == "ok"


def test_a_phone_whose_clock_is_ten_minutes_slow_is_told_and_its_code_holds(window: Window) -> None:
    page = window("citizen-young")
    page.context.add_init_script("{ const now = Date.now.bind(Date); Date.now = () => now() - 600_000; }")
    page.goto("/code/")
    page.locator(".code__bind").click()
    expect(page.get_by_text("手机时钟慢了10分钟")).to_be_visible()
    assert taken(read_code(page), "bus") == "ok"


def test_an_expired_credential_shows_no_code(window: Window) -> None:
    page = bound(window)
    page.context.set_offline(True)
    page.evaluate("{ const now = Date.now.bind(Date); Date.now = () => now() + 8 * 86_400_000; }")
    expect(page.get_by_text("这个场景的凭证已过期")).to_be_visible()
    expect(page.locator(".code__show")).to_have_count(0)


def test_another_person_on_the_same_phone_does_not_see_the_first_ones_code(window: Window) -> None:
    page = bound(window)
    page.goto("/demo/")
    page.click('button[value="citizen-elder"]')
    page.wait_for_load_state()
    page.goto("/code/")
    expect(page.get_by_text("属于另一个账号")).to_be_visible()
    expect(page.locator(".code__show")).to_have_count(0)


def test_in_english_and_for_elders(window: Window, tmp_path: Path) -> None:
    page = bound(window, language="en")
    page.get_by_label("Library").check()
    expect(
        page.get_by_role("img", name=re.compile("^Library code. Renewed every ten seconds"))
    ).to_be_visible()
    assert not re.search("[一-鿿]", page.locator(".code").inner_text())
    clean(page)
    page.context.add_cookies([{"name": "qc_theme", "value": "dark", "url": page.url}])
    page.goto("/code/")
    expect(page.locator(".code__show svg")).to_be_visible()
    clean(page)
    assert taken(read_code(page), "library") == "ok"
    page.context.add_cookies([{"name": "qc_elder", "value": "1", "url": page.url}])
    page.goto("/code/")
    expect(page.locator(".code__show svg")).to_be_visible()
    clean(page)
    page.screenshot(path=str(tmp_path / "elder.png"), full_page=True)
    small = page.evaluate(
        "[...document.querySelectorAll('.code button, .code label, .code-full button')]"
        ".filter(one => one.offsetHeight && one.offsetHeight < 60).map(one => one.textContent)"
    )
    assert small == []
    wide = page.evaluate(
        "[...document.querySelectorAll('.code__choice')].filter(one => one.scrollWidth > one.clientWidth).length"
    )
    assert wide == 0
