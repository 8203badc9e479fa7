"""The life of an entry: drafts, faults at once, a second person, versions, withdrawal, two editors."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.capabilities.catalogue.conftest import SYSTEM, item, resource

from quancheng.capabilities.catalogue import actions, queries
from quancheng.capabilities.catalogue.models import Entry, State, Version
from quancheng.core.catalogue import Impact, Openness, ShareType, digest_of, read_resource
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound


def test_two_people_bring_an_entry_to_the_public(as_officer) -> None:
    officer, second = as_officer("jn-civil", "officer"), as_officer("jn-civil", "approver", user=8)
    made = actions.create_entry(officer, resource=resource())
    assert made.code == "311001/00001" and made.state == State.DRAFT
    with pytest.raises(NotFound):
        queries.public_entry(made.code)
    actions.submit_entry(officer, entry=made.code)
    both = as_officer("jn-civil", "officer", "approver")
    with pytest.raises(Forbidden, match="提交人"):
        actions.approve_entry(both, entry=made.code)
    actions.approve_entry(second, entry=made.code)
    version = actions.publish_entry(second, entry=made.code)
    assert (version.version, version.number) == ("1.0.0", 1)
    assert version.digest == digest_of(read_resource(version.resource))
    seen = queries.public_entry(made.entry_id)
    assert seen.name == "养老机构信息" and [one.field for one in seen.resource.items] == ["org_name", "beds"]
    assert [one.verb for one in queries.steps(second.actor, made)] == [
        "publish",
        "approve",
        "submit",
        "create",
    ]


def test_all_faults_are_told_at_once_at_their_fields(as_officer) -> None:
    officer = as_officer("jn-civil", "officer")
    wrong = resource(
        share=ShareType.CONDITIONAL,
        formats=("DOS",),
        classes=("999999",),
        items=(),
        openness=Openness.CONDITIONAL,
    )
    made = actions.create_entry(officer, resource=replace(wrong, code="311001/77"))
    with pytest.raises(InvalidInput) as refused:
        actions.submit_entry(officer, entry=made.code)
    assert {"share_condition", "formats", "classes", "items", "open_condition"} <= set(refused.value.fields)
    assert made.refresh().state == State.DRAFT


def test_a_return_has_its_reason_and_goes_round_again(as_officer) -> None:
    officer, second = as_officer("jn-civil", "officer"), as_officer("jn-civil", "approver", user=8)
    made = actions.create_entry(officer, resource=resource())
    actions.submit_entry(officer, entry=made.code)
    with pytest.raises(Conflict, match="待审核"):
        actions.edit_entry(officer, entry=made.code, resource=resource("改名"))
    with pytest.raises(InvalidInput):
        actions.return_entry(second, entry=made.code, reason=" ")
    actions.return_entry(second, entry=made.code, reason="请补充床位说明")
    assert (made.refresh().state, made.reason) == (State.RETURNED, "请补充床位说明")
    actions.edit_entry(officer, entry=made.code, resource=resource("养老机构基本信息"))
    actions.submit_entry(officer, entry=made.code)
    assert made.refresh().state == State.SUBMITTED


def test_a_revision_is_hidden_until_published_and_numbered_by_its_impact(as_officer) -> None:
    officer, second = as_officer("jn-civil", "officer"), as_officer("jn-civil", "approver", user=8)
    made = actions.register_entry(SYSTEM, resource=resource())
    more = resource(items=(*resource().items, item("phone", "联系电话")))
    actions.edit_entry(officer, entry=made.code, resource=more)
    assert made.refresh().revising
    assert len(queries.public_entry(made.code).resource.items) == 2
    pending = queries.pending(made)
    assert pending is not None and pending.impact is Impact.ADDITIVE
    actions.submit_entry(officer, entry=made.code)
    actions.approve_entry(second, entry=made.code)
    assert actions.publish_entry(second, entry=made.code).version == "1.1.0"
    actions.register_entry(SYSTEM, resource=resource(items=(item("beds", "床位数"),)))
    numbers = [(one.version, one.impact) for one in queries.versions(officer.actor, made.code)]
    assert numbers == [("2.0.0", "breaking"), ("1.1.0", "additive"), ("1.0.0", "")]
    gone = queries.difference(officer.actor, made.code, 2, 3)
    assert {change.path for change in gone.changes} == {("items", "org_name"), ("items", "phone")}
    assert gone.impact is Impact.BREAKING


def test_versions_are_never_changed(organs) -> None:
    actions.register_entry(SYSTEM, resource=resource())
    version = Version.objects.get()
    with pytest.raises(TypeError):
        version.save()


def test_withdrawal_needs_a_second_person_and_keeps_the_code(as_officer) -> None:
    officer, second = as_officer("jn-civil", "officer"), as_officer("jn-civil", "approver", user=8)
    made = actions.register_entry(SYSTEM, resource=resource())
    actions.propose_withdrawal(officer, entry=made.code, reason="职能划转")
    assert queries.public_entry(made.code).live
    actions.approve_entry(second, entry=made.code)
    with pytest.raises(NotFound):
        queries.public_entry(made.code)
    assert queries.search(Actor.anonymous(), "养老机构").total == 0
    again = actions.create_entry(officer, resource=resource("另一个"))
    assert again.code == "311001/00002"


def test_of_two_editors_the_slower_is_told(as_officer) -> None:
    officer, other = as_officer("jn-civil", "officer"), as_officer("jn-civil", "officer", user=9)
    made = actions.create_entry(officer, resource=resource())
    actions.edit_entry(officer, entry=made.code, resource=resource("第一次修改"), expect=1)
    with pytest.raises(Conflict, match="他人修改"):
        actions.edit_entry(other, entry=made.code, resource=resource("第二次修改"), expect=1)
    assert made.refresh().name == "第一次修改"


def test_registering_again_changes_nothing_and_finds_its_table(organs) -> None:
    table = "7d5b7f0e-3f0e-4f0e-8f0e-7d5b7f0e3f0e"
    made = actions.register_entry(SYSTEM, resource=resource(), table_id=table)
    again = actions.register_entry(SYSTEM, resource=resource(), table_id=table)
    assert (again.pk, Version.objects.count(), Entry.objects.count()) == (made.pk, 1, 1)
    found = queries.entry_of_table(table)
    assert found is not None and found.code == made.code and found.table_id == table
    actions.register_entry(SYSTEM, resource=resource())  # who registers need not know of the table
    assert queries.entry(SYSTEM.actor, made.code).table_id == table and Version.objects.count() == 1
    with pytest.raises(Conflict, match="已挂接"):
        actions.register_entry(SYSTEM, resource=resource("另一张"), table_id=table)


def test_one_key_is_one_entry(as_officer) -> None:
    officer = as_officer("jn-civil", "officer").with_key("k-1")
    first = actions.create_entry(officer, resource=resource())
    assert actions.create_entry(officer, resource=resource()).pk == first.pk
    assert Entry.objects.count() == 1
