"""Pages and API: who may do what, the form's preview, a rule's whole life by HTTP, odd inputs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from tests.capabilities.watch.conftest import NOW, deep, official

from quancheng.capabilities.watch import actions, packs
from quancheng.capabilities.watch.models import RuleVersion, State, WatchRule
from quancheng.capabilities.watch.sync import sync
from quancheng.capabilities.watch.values import Scope, spec_of, spec_to_dict
from quancheng.capabilities.watch.wording import sentence
from quancheng.kernel.errors import InvalidInput

pytestmark = pytest.mark.django_db
API = "/api/v1/watch"
FORM = {
    "code": "deep", "zh": "道路积水过深", "en": "Deep water", "kind": "hysteresis",
    "property": "things:ponding_depth", "direction": "above", "limit": "0.27", "clear": "0.15", "consecutive": "2",
    "level": "2", "incident_type": "watch.water", "source": "测试依据",
}  # fmt: skip


def test_a_rule_is_written_previewed_tried_and_approved_on_the_pages(now, streams, send, signed_in):
    send(streams["P-2:ponding_depth"], NOW - timedelta(days=2), [0.1, 0.3, 0.3, 0.1])
    author, approver = signed_in("watch.writer"), signed_in("watch.approver")
    shown = author.post("/work/watch/new/", FORM | {"what": "preview"})
    assert "积水深度不低于0.27 m连续2次，发出橙色告警；回落到0.15 m以下解除。" in shown.content.decode()
    assert "覆盖 3 条数据流。" in shown.content.decode()
    assert not WatchRule.objects.exists()
    refused = author.post("/work/watch/new/", FORM | {"what": "save", "source": "", "clear": "9"})
    assert refused.status_code == 422
    assert "解除值不能比阈值更严重" in refused.content.decode()
    assert author.post("/work/watch/new/", FORM | {"what": "save"})["Location"] == "/work/watch/deep/"
    assert author.post("/work/watch/deep/", {"what": "simulate", "days": "31"}).status_code == 302
    page = author.get("/work/watch/deep/").content.decode()
    assert "会触发 1 次。" in page
    assert "批准并生效" not in page
    assert "批准并生效" in approver.get("/work/watch/deep/").content.decode()
    approver.post("/work/watch/deep/", {"what": "approve"})
    assert RuleVersion.objects.get().state == State.IN_FORCE
    assert author.get("/work/watch/deep/edit/").status_code == 200
    assert author.post("/work/watch/deep/", {"what": "retire", "note": "x"}).status_code == 403
    assert approver.post("/work/watch/deep/", {"what": "retire", "note": ""}).status_code == 422
    assert approver.post("/work/watch/deep/", {"what": "retire", "note": "不再需要"}).status_code == 302
    assert "道路积水过深" in author.get("/work/watch/?state=retired&text=积水").content.decode()
    assert author.get("/work/watch/episodes/?state=open").status_code == 200


def test_the_api_says_the_same_and_refuses_clearly(now, streams, signed_in):
    author, approver = signed_in("watch.writer"), signed_in("watch.approver")
    body = {
        "code": "quiet", "zh": "缺数", "en": "Silent", "spec": {"kind": "absence", "seconds": 600},
        "scope": {"property": "things:smoke"}, "level": 4, "incident_type": "watch.device", "source": "测试依据",
    }  # fmt: skip

    def post(client: Client, path: str, data: dict) -> object:
        return client.post(f"{API}{path}", data, content_type="application/json")

    assert Client().get(f"{API}/rules").status_code == 401
    assert post(approver, "/rules", body).status_code == 403
    wrong = post(author, "/rules", body | {"spec": {"kind": "absence", "seconds": 0, "colour": 1}})
    assert wrong.status_code == 422
    assert "spec" in wrong.json()["fields"]
    preview = post(
        author, "/preview", {name: body[name] for name in body if name not in {"code", "zh", "en"}}
    )
    assert preview.json()["streams"] == 1
    assert post(author, "/rules", body).json()["state"] == "draft"
    assert post(author, "/rules", body).status_code == 409
    assert post(author, "/rules/quiet/trials", {"days": 7}).json()["firings"] == 0
    assert post(author, "/rules/quiet/approve", {}).status_code == 403
    assert post(approver, "/rules/quiet/approve", {}).json()["state"] == "in_force"
    assert post(author, "/rules/quiet/versions", body).json()["version"] == 2
    assert len(approver.get(f"{API}/rules/quiet").json()["versions"]) == 2
    assert post(approver, "/rules/quiet/retire", {"note": "停"}).json()["state"] == "retired"
    assert approver.get(f"{API}/rules?kind=absence").json()["items"][0]["code"] == "quiet"
    assert approver.get(f"{API}/episodes?state=open").json()["items"] == []
    assert approver.get(f"{API}/rules/none").status_code == 404
    assert approver.get(f"{API}/rules?text=%00").status_code == 422


def test_packs_come_as_drafts_once_and_speak_both_languages(db):
    made = sync().created
    assert len(made) == len(packs.rows()) == RuleVersion.objects.filter(state=State.DRAFT).count()
    assert not sync().created
    for _row, draft in packs.drafts():
        words = sentence(draft)
        assert words.zh.endswith("。")
        assert not re.search(r"[,;]|:(?!\d\d)", words.zh)
        assert words.en.isascii() or "μ" in words.en
        assert spec_of(spec_to_dict(draft.spec)) == draft.spec


def test_an_approval_for_later_comes_into_force_by_itself(now, streams):
    author, approver = official("甲", "watch.writer"), official("乙", "watch.approver", user_id=2)
    actions.write_rule(author, code="deep", zh="积水", en="Deep", draft=deep())
    actions.simulate(author, code="deep")
    begin = NOW + timedelta(days=1)
    assert actions.approve(approver, code="deep", valid_from=begin).state == State.APPROVED
    now.advance(timedelta(days=1, minutes=1))
    from quancheng.capabilities.watch.tasks import enact

    assert enact() == {"enacted": 1}
    assert RuleVersion.objects.get().state == State.IN_FORCE


@pytest.mark.parametrize(
    "raw", [{"property": 5}, {"streams": [0]}, {"streams": [True]}, {"colour": "red"}, {"streams": ["1"]}]
)
def test_a_scope_that_makes_no_sense_is_refused(raw):
    with pytest.raises(InvalidInput):
        Scope.of(raw)
