"""Full text, facets, and what a stranger, another organ, a district, the owner and the bureau see."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.capabilities.catalogue.conftest import SYSTEM, item, resource

from quancheng.capabilities.catalogue import actions, queries
from quancheng.capabilities.catalogue.models import Entry
from quancheng.capabilities.catalogue.values import Filters
from quancheng.core.catalogue import Level, Openness, ShareType
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import NotFound

STRANGER = Actor.anonymous()
OFFICIAL = Actor(ActorKind.OFFICIAL, "other", user_id=99)
CLOSED = {"openness": Openness.CLOSED}
SECRET = {
    "openness": Openness.CLOSED,
    "level": Level.FOUR,
    "share": ShareType.NONE,
    "share_modes": (),
    "share_basis": "保密法",
}


@pytest.fixture
def world(as_officer):
    """One entry of each sort of openness, a draft, and a revision under way."""
    actions.register_entry(SYSTEM, resource=resource("公交站列表", organ="jn-data", keywords=("交通",)))
    actions.register_entry(SYSTEM, resource=resource("养老机构信息"))
    actions.register_entry(SYSTEM, resource=resource("婚姻登记信息", level=Level.THREE, **CLOSED))
    actions.register_entry(SYSTEM, resource=resource("涉密专题信息", **SECRET))
    actions.register_entry(
        SYSTEM,
        resource=resource(
            "社区养老设施", organ="jn-lixia-civil", openness=Openness.CONDITIONAL, open_condition="申请"
        ),
    )
    actions.create_entry(as_officer("jn-civil", "officer"), resource=resource("殡葬机构草稿"))
    actions.edit_entry(
        as_officer("jn-civil", "officer"),
        entry=Entry.objects.get(name="养老机构信息").code,
        resource=resource("养老机构改名修订"),
    )


def names(actor: Actor, text: str = "", **filters: str) -> set[str]:
    return {hit.entry.name for hit in queries.search(actor, text, Filters(**filters)).hits}


def test_each_sees_what_is_theirs(world, as_officer) -> None:
    public = {"公交站列表", "养老机构信息", "社区养老设施"}
    assert names(STRANGER) == public
    assert names(OFFICIAL) == public | {"婚姻登记信息"}
    assert names(as_officer("jn-market", "officer").actor) == public | {"婚姻登记信息"}
    assert names(as_officer("jn-lixia-civil", "officer").actor) == public | {"婚姻登记信息"}
    everything = public | {"婚姻登记信息", "涉密专题信息", "殡葬机构草稿"}
    assert names(as_officer("jn-civil", "officer").actor) == everything
    assert names(as_officer("jn-data", "manager").actor) == everything


def test_nobody_finds_by_a_word_what_they_may_not_read(world, as_officer) -> None:
    owner = as_officer("jn-civil", "officer").actor
    assert names(STRANGER, "改名修订") == set() and names(OFFICIAL, "改名修订") == set()
    assert names(owner, "改名修订") == {"养老机构信息"}
    assert names(STRANGER, "婚姻") == set() and names(OFFICIAL, "婚姻") == {"婚姻登记信息"}
    assert names(OFFICIAL, "涉密") == set() and names(owner, "涉密") == {"涉密专题信息"}
    assert names(as_officer("jn-market", "officer").actor, "殡葬") == set()


def test_two_characters_phrases_beginnings_and_exclusion(world) -> None:
    assert names(STRANGER, "公交") == {"公交站列表"}
    assert names(STRANGER, "养老") == {"养老机构信息", "社区养老设施"}
    assert names(STRANGER, "养老 -社区") == {"养老机构信息"}
    assert names(STRANGER, '"交站列"') == {"公交站列表"}
    assert names(STRANGER, "驾") == set() and names(STRANGER, "!!! ()\"'") == set()
    found = queries.search(STRANGER, "公交")
    assert [piece.text for piece in found.hits[0].title.pieces if piece.lit] == ["公交"]


def test_nothing_with_all_words_asks_for_any_of_them(world) -> None:
    found = queries.search(STRANGER, "公交 火箭发射")
    assert found.widened and {hit.entry.name for hit in found.hits} == {"公交站列表"}
    assert not queries.search(STRANGER, "公交").widened


def test_facets_count_all_hits_and_filters_narrow(world) -> None:
    found = queries.search(STRANGER, "", size=1)
    assert (len(found.hits), found.total, found.next) == (1, 3, "1")
    facets = {name: dict(rows) for name, rows in found.facets.items()}
    assert facets["organ"] == {"jn-civil": 1, "jn-data": 1, "jn-lixia-civil": 1}
    assert facets["openness"] == {"open": 2, "conditional": 1} and facets["formats"] == {"CSV": 3}
    assert names(STRANGER, openness="conditional") == {"社区养老设施"}
    assert names(STRANGER, classes="311") == {"养老机构信息"}
    assert names(STRANGER, "养老", organ="jn-civil") == {"养老机构信息"}


def test_the_index_follows_each_change_at_once(world) -> None:
    actions.register_entry(SYSTEM, resource=resource("公交站列表", organ="jn-data", keywords=("无障碍",)))
    assert names(STRANGER, "无障碍") == {"公交站列表"} and names(STRANGER, "交通") == set()


def test_items_above_the_readers_level_are_left_out_and_counted(as_officer) -> None:
    closed = item("id_no", "身份号码", level=Level.FOUR, share=ShareType.NONE, openness=Openness.CLOSED)
    made = actions.register_entry(
        SYSTEM, resource=resource(level=Level.FOUR, items=(*resource().items, closed), **CLOSED)
    )
    with pytest.raises(NotFound):
        queries.entry(OFFICIAL, made.code)
    assert len(queries.entry(as_officer("jn-civil", "officer").actor, made.code).resource.items) == 3
    other = item("phone", "电话", openness=Openness.CLOSED, personal=True)
    opened = actions.register_entry(SYSTEM, resource=resource("开放条目", items=(*resource().items, other)))
    seen = queries.public_entry(opened.code)
    assert (seen.hidden, [one.field for one in seen.resource.items]) == (1, ["org_name", "beds"])
    assert names(STRANGER, "电话") == set() and names(OFFICIAL, "电话") == {"开放条目"}


def test_the_api_answers_as_the_queries_do(world, sign_in, as_officer) -> None:
    answer = Client().get("/api/v1/catalogue/entries?q=养老").json()
    assert answer["total"] == 2 and answer["items"][0]["resource"]["share_basis"] == ""
    draft = Entry.objects.get(name="殡葬机构草稿")
    assert Client().get(f"/api/v1/catalogue/entries/{draft.entry_id}").status_code == 404
    owner = sign_in(as_officer("jn-civil", "officer").actor)
    assert owner.get(f"/api/v1/catalogue/entries/{draft.entry_id}").json()["state"] == "draft"
    assert Client().get("/api/v1/catalogue/demands").status_code == 401
    assert owner.get("/api/v1/catalogue/duties/jn-civil").json()["missing"] == []
    assert Client().get("/api/v1/catalogue/entries?size=1000").status_code == 422
