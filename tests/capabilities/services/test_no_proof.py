"""The list behind the 90 % target: filters, search, pages, rights; and the guide that shows my own rung."""

from __future__ import annotations

import pytest
from django.test import Client

from quancheng.capabilities.services import indicators, ladder, noproof, resolving
from quancheng.capabilities.services.catalogue import matter
from quancheng.capabilities.services.facts import applicant_of
from quancheng.kernel.errors import InvalidInput

PAGE = "/work/no-proof/"


def test_the_figure_is_the_one_of_the_list(signed_in, actor):
    clerk = actor("clerk-civil")
    rows = noproof.entries(clerk, {})
    counted = [row for row in rows if row.counts]
    spared = sum(row.rung.spared for row in counted)
    assert indicators.without_proof() == round(100 * spared / len(counted), 2)
    assert indicators.without_proof() >= 90
    page = signed_in("clerk-civil").get(PAGE).content.decode()
    assert "行政机关证明免提交率" in page
    assert "目标90%" in page
    assert f"共{len(rows)}份材料" in page


def test_filters_and_search(signed_in, actor):
    clerk = actor("clerk-civil")
    everything = noproof.entries(clerk, {})
    for rung in {row.rung.value for row in everything}:
        found = noproof.entries(clerk, {"rung": rung})
        assert found
        assert {row.rung.value for row in found} == {rung}
    assert {row.matter for row in noproof.entries(clerk, {"matter": "senior-card"})} == {"senior-card"}
    assert {row.material.issuer for row in noproof.entries(clerk, {"issuer": "self"})} == {"self"}
    assert any(row.matter == "newborn-household" for row in noproof.entries(clerk, {"q": "出生医学证明"}))
    assert noproof.entries(clerk, {"q": "HOUSEHOLD book"})
    assert noproof.entries(clerk, {"q": "没有这种材料"}) == []
    desk = signed_in("clerk-civil")
    assert "没有符合条件的材料" in desk.get(PAGE, {"q": "没有这种材料"}).content.decode()
    assert "Birth" in signed_in("clerk-civil", "en").get(PAGE, {"q": "birth"}).content.decode()


def test_pages_show_each_row_once(actor):
    found = noproof.entries(actor("clerk-civil"), {})
    seen, params = [], {"size": "7"}
    while True:
        page = noproof.page_of(found, params)
        seen += [row.cursor for row in page.items]
        if page.next is None:
            break
        params["cursor"] = page.next
    assert seen == [row.cursor for row in found]
    assert len(set(seen)) == len(seen)
    back = noproof.page_of(found, params)
    assert back.previous is not None
    assert len(noproof.page_of(found, {"size": "7", "cursor": back.previous})) == 7


@pytest.mark.parametrize(
    "params", [{"cursor": "x"}, {"cursor": "\x00"}, {"size": "0"}, {"size": "９"}, {"size": "9999"}]
)
def test_strange_pages_are_told(actor, signed_in, params):
    with pytest.raises(InvalidInput):
        noproof.page_of(noproof.entries(actor("clerk-civil"), {}), params)
    assert signed_in("clerk-civil").get(PAGE, params).status_code == 422


def test_only_the_desk_sees_it(signed_in):
    assert Client().get(PAGE).status_code == 302
    assert signed_in("citizen-elder").get(PAGE).status_code == 403


# -- the guide -------------------------------------------------------------------------------------
def test_the_guide_shows_my_rung_and_why_not_a_better_one(signed_in):
    stranger = Client().get("/matters/newborn-household/").content.decode()
    assert "数据查询" in stranger
    citizen = signed_in("citizen-young").get("/matters/newborn-household/").content.decode()
    assert "部门核验" in citizen
    assert "卡包中没有这种有效的电子证照" in citizen
    assert "到哪里办" in citizen
    assert "不用跑" in citizen
    english = signed_in("citizen-young", "en").get("/matters/newborn-household/").content.decode()
    assert "Verified by a department" in english


def test_a_person_and_what_the_city_knows(actor):
    citizen = actor("citizen-elder")
    spec = matter(citizen, "elder-allowance").current.spec
    applicant = applicant_of(citizen, spec)
    known = resolving.known_of(applicant)
    assert "elder" in known.groups
    found = resolving.resolutions_of(applicant, spec)
    rungs = {one.material: one.rung.value for one in found}
    assert rungs == {"identity": "query", "household": "query", "alive": "dropped", "low_income": "verify"}
    assert ladder.to_bring(spec, found) == ()
    assert [one.department for one in ladder.verifications_needed(spec, found)] == ["jn-civil"]
    refused = resolving.resolutions_of(applicant, spec, refused=frozenset({"identity"}))
    assert refused[0].rung == "assist", "an elder who does not consent is offered a helper"
    kept = ladder.stored(found)
    assert kept["identity"]["provenance"]["source"]["zh"] == "人口基础库"
    assert ladder.from_stored(kept) == found


@pytest.mark.parametrize(
    "code",
    ["birth-certificate", "pension-review", "fire-inspection", "property-transfer", "marriage-registration"],
)
def test_every_guide_opens_in_both_languages(signed_in, code):
    for language in ("zh-hans", "en"):
        assert signed_in("citizen-young", language).get(f"/matters/{code}/").status_code == 200
