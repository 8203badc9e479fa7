"""Who filed an item and the clerks of invited units are told."""

from __future__ import annotations

from datetime import timedelta

from quancheng.capabilities.internal import actions
from quancheng.capabilities.internal.models import WorkItem
from quancheng.capabilities.messages.models import Message
from quancheng.capabilities.people.queries import department
from quancheng.kernel import clock, events


def messages_of(actor) -> list[Message]:
    return list(Message.objects.filter(user_id=actor.user_id, link__startswith="/work/internal/"))


def test_the_filer_hears_of_a_return_with_its_reason(town, call, actor):
    form = {
        "name": "沈若溪", "id_number": "", "phone": "13900001234", "education": "master", "post_kind": "technical",
        "post": "社会工作师", "grade": "专业技术十级", "joined_on": "2026-12-01",
    }  # fmt: skip
    from quancheng.core.identity import compute_check

    form["id_number"] = "37010219960307212" + compute_check("37010219960307212")
    item = actions.file_item(call("personnel-officer"), code="recruitment", form=form)
    work = WorkItem.objects.get(item=item, state="open")
    actions.decide_work(call("unit-head"), work=work, outcome="return", opinion="请核对学历")
    events.drain(strict=True)
    told = messages_of(actor("personnel-officer"))
    assert [one.link for one in told] == [f"/work/internal/items/{item.number}/"]
    assert "请核对学历" in told[0].body["zh"]


def test_invited_units_are_told_once(town, call, actor):
    now = clock.now()
    made = actions.call_meeting(
        call("office-clerk"), organ=department("jn-government-office"), title="推进会", hall="office-1",
        starts_at=now + timedelta(days=5), ends_at=now + timedelta(days=5, hours=2),
        reply_by=now + timedelta(days=3), agenda="一、通报",
        units=[{"department": department("jn-hrss"), "rank": 1, "required": "主要负责人"}],
    )  # fmt: skip
    actions.send_meeting(call("office-clerk"), meeting=made)
    events.drain(strict=True)
    events.drain(strict=True)
    assert len(messages_of(actor("hrss-officer"))) == 1
    assert messages_of(actor("supervisor-officer")) == []
