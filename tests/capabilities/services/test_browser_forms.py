"""The long form on a phone: rules while typing, items, a drawn signature, no network, no script."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.capabilities.services.browser import MARKS, PHONE, clean
from tests.capabilities.services.form_matter import CODE, pdf, published

from quancheng.capabilities.services.models import Draft

pytestmark = MARKS
APPLY = f"/matters/{CODE}/apply/"
PICTURES = os.environ.get("QUANCHENG_FORM_PICTURES")


def look(page, name: str) -> None:
    """A picture for people to look at, when they ask for one."""
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def ready(page) -> None:
    page.wait_for_selector("form[data-rules=ready]")


def test_a_form_with_rules_children_and_a_signature(window):
    published()
    citizen = window("citizen-elder", PHONE)
    citizen.goto(APPLY)
    ready(citizen)
    clean(citizen)
    look(citizen, "page1")
    spouse = citizen.locator('[data-path="spouse"]')
    assert spouse.is_hidden()
    citizen.check("input[name=married][value=yes]")
    assert spouse.is_visible(), "the rule runs in the browser"
    clean(citizen)
    look(citizen, "page1-spouse")
    citizen.click("form.form .buttons .btn:not([name])")
    citizen.wait_for_selector("#error-summary")
    clean(citizen)
    look(citizen, "page1-errors")
    citizen.click("#error-summary a")
    assert citizen.evaluate("document.activeElement.name") == "spouse.name"
    citizen.check("input[name=married][value=no]")
    citizen.keyboard.press("Tab")
    citizen.click("form.form .buttons .btn:not([name])")
    citizen.wait_for_url("**page=children")
    ready(citizen)
    clean(citizen)
    citizen.fill("[name='children.0.name']", "王小一")
    citizen.fill("[name='children.0.born']", "2026-01-05")
    citizen.click("button[name=add]")
    assert citizen.evaluate("document.activeElement.name") == "children.1.name"
    citizen.fill("[name='children.1.name']", "王小二")
    citizen.fill("[name='children.1.born']", "2010-03-04")
    assert citizen.locator('[data-path="children.1.school"]').is_visible()
    assert citizen.locator('[data-path="children.0.school"]').is_hidden()
    assert citizen.inner_text('[data-path="how_many"] output') == "2", "what is computed is shown at once"
    clean(citizen)
    look(citizen, "page2")
    citizen.click("[data-item='children.0'] button[name=remove]")
    assert citizen.input_value("[name='children.0.name']") == "王小二"
    assert citizen.inner_text('[data-path="how_many"] output') == "1"
    citizen.fill("[name='children.0.school']", "泉城小学")
    citizen.click("form.form > .buttons .btn:not([name])")
    citizen.wait_for_url("**page=papers")
    citizen.set_input_files(
        "input[name=file_proof]", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": pdf()}
    )
    citizen.check("input[name=truthful]")
    pad = citizen.locator("canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    citizen.mouse.move(box["x"] + 20, box["y"] + 80)
    citizen.mouse.down()
    for step in range(12):
        citizen.mouse.move(box["x"] + 20 + step * 20, box["y"] + 80 - (step % 3) * 25)
    citizen.mouse.up()
    clean(citizen)
    look(citizen, "page3")
    citizen.click("form.form > .buttons .btn:not([name])")
    citizen.wait_for_url("**/check/")
    clean(citizen)
    look(citizen, "check")
    assert Draft.objects.get().form["children"] == [
        {"name": "王小二", "born": "2010-03-04", "school": "泉城小学"}
    ]


def test_without_a_network_nothing_is_lost(window):
    published()
    citizen = window("citizen-elder", PHONE)
    citizen.goto(APPLY)
    ready(citizen)
    citizen.context.set_offline(True)
    citizen.fill("[name=phone]", "13900002222")
    citizen.check("input[name=married][value=no]")
    citizen.click("form.form .buttons .btn:not([name])")
    citizen.wait_for_selector("[data-form-notice]:has-text('没有网络')")
    assert not Draft.objects.exists()
    look(citizen, "offline")
    citizen.context.set_offline(False)
    citizen.wait_for_selector("[data-form-notice]:has-text('已联网')")
    assert Draft.objects.get().form["phone"] == "13900002222"
    assert (
        citizen.evaluate("Object.keys(localStorage).filter(k => k.startsWith('quancheng.form')).length") == 0
    )


def test_a_closed_window_is_taken_up_again(window):
    published()
    citizen = window("citizen-elder", PHONE)
    citizen.goto(f"{APPLY}?page=children")
    ready(citizen)
    citizen.fill("[name='children.0.name']", "没来得及保存")
    citizen.click("button[name=add]")
    citizen.fill("[name='children.1.name']", "第二个")
    citizen.wait_for_timeout(500)
    citizen.goto("/matters/")
    citizen.goto(f"{APPLY}?page=children")
    ready(citizen)
    assert citizen.input_value("[name='children.0.name']") == "没来得及保存"
    assert citizen.input_value("[name='children.1.name']") == "第二个"
    assert citizen.is_visible("[data-form-notice]")
    clean(citizen)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_elder_mode_and_both_languages(window, language):
    published()
    citizen = window("citizen-elder", PHONE, language)
    citizen.context.add_cookies(
        [
            {
                "name": "qc_elder",
                "value": "1",
                "url": citizen.url.split("/", 3)[0] + "//" + citizen.url.split("/")[2],
            }
        ]
    )
    for page in ("you", "children", "papers"):
        citizen.goto(f"{APPLY}?page={page}")
        ready(citizen)
        clean(citizen)
        look(citizen, f"elder-{language}-{page}")
