"""The desk of licences and the holder's new pages in Chromium, phone and desk; axe finds nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.capabilities.services.browser import DESK, MARKS, PHONE, clean

from quancheng.capabilities.trust import simulate
from quancheng.capabilities.trust.models import Licence

pytestmark = MARKS


@pytest.mark.parametrize(("size", "language"), [(DESK, "zh-hans"), (PHONE, "en")])
def test_an_officer_suspends_and_issues(window, user, size, language, tmp_path):
    simulate.seed(SimpleNamespace(), None)
    good = Licence.objects.filter(type__code="marriage-certificate", status="valid").first()
    page = window("clerk-civil-city", size, language)
    clean(page, "/work/licences/")
    page.screenshot(path=str(tmp_path / "list.png"), full_page=True)
    clean(page, f"/work/licences/{good.number}/")
    page.select_option("select[name=deed]", "suspend")
    page.fill("textarea[name=reason]", "材料待核实")
    page.click("form[action$='/deed/'] button.btn")
    page.wait_for_load_state("networkidle")
    assert good.refresh().status == "suspended"
    clean(page)
    page.screenshot(path=str(tmp_path / "one.png"), full_page=True)
    clean(page, "/work/licences/issue/")
    clean(page, "/work/licences/issue/?type=marriage-certificate")
    page.screenshot(path=str(tmp_path / "issue.png"), full_page=True)
    clean(page, "/work/licences/objections/")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_holder_shows_two_facts_and_a_paper_is_checked(window, user, language, tmp_path):
    simulate.seed(SimpleNamespace(), None)
    card = Licence.objects.get(person=user("citizen-elder").person)
    page = window("citizen-elder", PHONE, language)
    clean(page, f"/wallet/{card.number}/show/")
    page.check("input[value=name]")
    page.fill("input[name=purpose]", "办理借书证")
    page.click("form.form button.btn")
    page.wait_for_selector(".qr svg")
    clean(page)
    page.screenshot(path=str(tmp_path / "show.png"), full_page=True)
    show = card.shows.get()
    clean(page, f"/verify/p/{show.code}/")
    page.screenshot(path=str(tmp_path / "presented.png"), full_page=True)
    clean(page, f"/wallet/{card.number}/history/")
    clean(page, f"/wallet/{card.number}/objection/")
    paper = page.request.get(f"/wallet/{card.number}/paper/")
    assert paper.status == 200
    (tmp_path / "paper.pdf").write_bytes(paper.body())
    clean(page, "/verify/")
    page.set_input_files("input[type=file]", str(tmp_path / "paper.pdf"))
    page.click("form[enctype] button")
    page.wait_for_selector(".notice--ok")
    clean(page)
    page.screenshot(path=str(tmp_path / "checked.png"), full_page=True)
