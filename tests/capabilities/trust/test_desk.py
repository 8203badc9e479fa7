"""An officer's day: issue by hand, change, suspend, resume, revoke, check in batches; rights end at the department."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from quancheng.capabilities.messages.models import Message
from quancheng.capabilities.people.models import Department, NaturalPerson
from quancheng.capabilities.trust import actions, deskwork, queries, simulate
from quancheng.capabilities.trust.lifecycle import State
from quancheng.capabilities.trust.models import Licence, LicenceChange
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput

SYSTEM = Call.system("tests")
ANYBODY = Actor.anonymous()


@pytest.fixture
def officer(user):
    """An officer of any department, with what the city knows of people."""

    def make(code: str = "jn-health") -> Actor:
        office = Department.objects.get(code=code)
        from quancheng.capabilities.people.queries import department_ids

        grants = (
            RoleGrant("trust.officer", department_ids(office)),
            RoleGrant("people.reader", frozenset({office.pk}), "3701"),
        )
        return Actor(ActorKind.OFFICIAL, "证照员", user("clerk-civil-city").pk, grants=grants)

    return make


@pytest.fixture
def nurse(user) -> NaturalPerson:
    return user("citizen-young").person


@pytest.fixture
def issued(officer, nurse):
    return actions.issue_by_hand(Call(officer()), **wanted(nurse))


def wanted(person: NaturalPerson, **changes):
    facts = {
        "type_code": "nurse-licence",
        "department_id": Department.objects.get(code="jn-health").pk,
        "holder_id": person.id_number,
        "holder_name": person.name,
        "items": {
            "name": person.name,
            "resident_id": person.id_number,
            "place": "市立医院",
            "registered_on": "2026-03-01",
        },
    }
    return facts | changes


def test_issue_by_hand_with_the_rule_of_the_type(issued, nurse):
    assert issued.person_id == nurse.pk
    assert issued.valid_to is not None
    assert (issued.valid_to - issued.valid_from).days in {1825, 1826}
    assert issued.status_index is not None
    assert queries.intact(issued)
    assert [one.deed for one in issued.changes.all()] == ["issue"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"holder_name": "别人"}, "holder_name"),
        ({"holder_id": "370102190001010000"}, "holder_id"),
        ({"items": {}}, "name"),
        ({"type_code": "special-equipment"}, "holder_id"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(officer, nurse, change, field):
    with pytest.raises(InvalidInput) as refused:
        actions.issue_by_hand(Call(officer()), **wanted(nurse, **change))
    assert field in refused.value.fields
    assert not Licence.objects.filter(type__code="nurse-licence").exists()


def test_nobody_issues_for_others_or_what_is_only_shown(officer, nurse, actor):
    with pytest.raises(Forbidden):
        actions.issue_by_hand(Call(officer("jn-civil")), **wanted(nurse))
    with pytest.raises(Forbidden):
        actions.issue_by_hand(
            Call(actor("clerk-civil")), **wanted(nurse)
        )  # a case officer issues with decisions only
    with pytest.raises(InvalidInput):
        actions.issue_by_hand(Call(officer()), **wanted(nurse, type_code="resident-identity-card"))
    assert not Licence.objects.filter(type__code="nurse-licence").exists()


def test_a_change_is_a_new_version_and_the_old_one_is_kept(issued, officer, settle, nurse):
    call = Call(officer())
    with pytest.raises(InvalidInput):
        actions.change_licence(call, licence=issued, items=issued.items, reason="没有变")
    new = actions.change_licence(
        call, licence=issued, items=issued.items | {"place": "中心医院"}, reason="变更执业地点"
    )
    assert new.version == 2
    assert new.replaces == issued
    assert new.valid_to == issued.valid_to
    assert queries.verify(ANYBODY, issued.code).outcome == "replaced"
    assert queries.verify(ANYBODY, new.code).outcome == "genuine"
    told = LicenceChange.objects.get(licence=issued, deed="change")
    assert told.what["items"] == ["place"]
    assert "中心医院" not in str(told.what)  # history names items, never their values
    with pytest.raises(Conflict):
        actions.change_licence(call, licence=issued, items={**issued.items, "place": "x"}, reason="再变")
    assert queries.intact(issued.refresh())
    settle()
    assert new.number in str(list(Message.objects.filter(person=nurse).values_list("body", flat=True)))


def test_suspended_is_seen_at_once_and_the_holder_is_told_why(issued, officer, settle, nurse):
    call = Call(officer())
    actions.suspend_licence(call, licence=issued, reason="注册信息待核实")
    assert queries.verify(ANYBODY, issued.code).outcome == "suspended"
    assert "nurse-licence" not in queries.held_types(person_id=nurse.pk)
    with pytest.raises(Conflict):
        actions.issue_by_hand(Call(officer()), **wanted(nurse))  # no way around a suspension
    with pytest.raises(Conflict):
        actions.suspend_licence(call, licence=issued, reason="再次")
    settle()
    bodies = str(list(Message.objects.filter(person=nurse).values_list("body", flat=True)))
    assert "注册信息待核实" in bodies
    actions.resume_licence(call, licence=issued, reason="已核实")
    assert queries.verify(ANYBODY, issued.code).outcome == "genuine"
    actions.revoke_licence(call, licence=issued, reason="注销注册")
    for deed in (actions.resume_licence, actions.suspend_licence, actions.revoke_licence):
        with pytest.raises(Conflict):
            deed(call, licence=issued, reason="x")
    deeds = list(issued.changes.order_by("id").values_list("deed", flat=True))
    assert deeds == ["issue", "suspend", "resume", "revoke"]


def test_a_check_missed_makes_a_licence_unusable_until_it_is_passed(user, settle):
    simulate.seed(SimpleNamespace(), None)
    rows = Licence.objects.filter(type__code="special-equipment").order_by("issued_at")
    assert [one.state for one in rows] == [State.OVERDUE, State.CHECK_DUE, State.VALID]
    late = rows[0]
    assert queries.verify(ANYBODY, late.code).outcome == "overdue"
    assert "special-equipment" not in queries.held_types(firm_id=late.firm_id)
    office = late.issued_by
    grant = RoleGrant("trust.officer", frozenset({office.pk}))
    call = Call(Actor(ActorKind.OFFICIAL, "检验员", user("clerk-market").pk, grants=(grant,)))
    assert {one.pk for one in deskwork.licences(call.actor, {"state": "overdue"})} == {late.pk}
    assert actions.check_many(call, numbers=[one.number for one in rows], passed=True) == 3
    assert [one.state for one in rows.all()] == [State.VALID] * 3
    actions.check_licence(call, licence=late, passed=False, note="制动不合格")
    assert late.refresh().state is State.SUSPENDED
    with pytest.raises(InvalidInput):
        actions.check_licence(call, licence=rows[1], passed=False, note=" ")


def test_a_batch_is_all_or_none(officer, issued, user):
    other = Licence.objects.exclude(pk=issued.pk).first()
    if other is None:
        simulate.seed(SimpleNamespace(), None)
        other = Licence.objects.filter(type__code="social-security-card").first()
    call = Call(officer())
    with pytest.raises(InvalidInput):
        actions.revoke_many(call, numbers=[issued.number, other.number], reason="清理")
    assert issued.refresh().status == "valid"
    with pytest.raises(InvalidInput):
        actions.revoke_many(call, numbers=[], reason="清理")
    assert actions.revoke_many(call, numbers=[issued.number], reason="清理") == 1
    assert queries.verify(ANYBODY, issued.code).outcome == "revoked"


def test_every_state_is_found_by_its_filter(user):
    simulate.seed(SimpleNamespace(), None)
    actor = Actor.system("tests")
    shown = {
        state: {one.pk for one in deskwork.licences(actor, {"state": state.value, "size": 200})}
        for state in State
    }
    for row in Licence.objects.all():
        assert {state for state, found in shown.items() if row.pk in found} == {row.state}
    assert all(
        shown[state] for state in (State.VALID, State.OVERDUE, State.SUSPENDED, State.REVOKED, State.REPLACED)
    )
    far = clock.now() + timedelta(days=365 * 8)
    with clock.at(far):
        for row in Licence.objects.all():
            assert row.pk in {
                one.pk for one in deskwork.licences(actor, {"state": row.state.value, "size": 200})
            }


def test_pages_of_the_desk(signed_in, user):
    simulate.seed(SimpleNamespace(), None)
    desk = signed_in("clerk-civil-city")
    page = desk.get("/work/licences/").content.decode()
    marriage = Licence.objects.filter(type__code="marriage-certificate", status="valid").first()
    assert marriage.number in page
    assert "社会保障卡" not in page.split("<tbody>")[1]  # another department's
    assert desk.get(f"/work/licences/?q={marriage.person.id_number}").content.decode().count("<tr>") == 2
    assert (
        desk.get(
            f"/work/licences/{Licence.objects.filter(type__code='special-equipment').first().number}/"
        ).status_code
        == 404
    )
    assert signed_in("citizen-young").get("/work/licences/").status_code == 403
    answer = desk.post(f"/work/licences/{marriage.number}/deed/", {"deed": "suspend", "reason": ""})
    assert answer.status_code == 422
    assert "暂停原因" in answer.content.decode()
    answer = desk.post(f"/work/licences/{marriage.number}/deed/", {"deed": "suspend", "reason": "核实"})
    assert answer.status_code == 302
    assert marriage.refresh().status == "suspended"
    answer = desk.post("/work/licences/batch/", {"deed": "revoke", "reason": "x"})
    assert answer.status_code == 422
    assert "至少选择一张" in answer.content.decode()
    assert desk.get("/work/licences/issue/?type=marriage-certificate").status_code == 200
    answer = desk.post(
        "/work/licences/issue/?type=marriage-certificate", {"holder_id": "1", "i_name": "留下的字"}
    )
    assert answer.status_code == 422
    assert "留下的字" in answer.content.decode()
