"""An action asks for its right, writes all or nothing, leaves one audit entry, happens once a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from quancheng.kernel import access, audit, clock
from quancheng.kernel.access import decide
from quancheng.kernel.access.models import Grant
from quancheng.kernel.access.rules import AccessRule
from quancheng.kernel.actions import Call, RightsNotAsked, action
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotSignedIn
from quancheng.kernel.models import WriteOutsideAction

pytestmark = pytest.mark.django_db

LABEL = "access.Grant"
OFFICER = Actor(ActorKind.OFFICIAL, name="officer", user_id=1)
STRANGER = Actor(ActorKind.PERSON, name="stranger", user_id=2)
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Officials may do everything to grants, persons may view their own."""
    rows = [
        {"model": LABEL, "verbs": ["view", "give", "grant"], "role": "official"},
        {"model": LABEL, "verbs": ["view"], "role": "person", "where": {"user_id": "$user"}},
    ]
    table: dict[tuple[str, str], tuple[AccessRule, ...]] = {}
    for row in rows:
        for verb in row["verbs"]:
            table[(LABEL, verb)] = (*table.get((LABEL, verb), ()), AccessRule.from_row(row))
    monkeypatch.setattr(decide, "all_rules", lambda: table)
    return


def make(call: Call, purpose: str, user_id: int = 2) -> Grant:
    return Grant.objects.create(
        user_id=user_id,
        model="x.Y",
        object_id=1,
        verb="view",
        purpose=purpose,
        granted_by="t",
        granted_at=call.at,
        expires_at=call.at + timedelta(days=1),
    )


@action("test.give")
def give(call: Call, *, purpose: str = "care", fail: bool = False) -> Grant:
    access.require(call.actor, "give", Grant)
    made = make(call, purpose)
    audit.note(purpose=purpose)
    if fail:
        raise InvalidInput()
    return made


@action("test.unasked")
def unasked(call: Call) -> Grant:
    return make(call, "nobody asked")


@action("test.count")
def count(call: Call) -> int:
    access.require(call.actor, "give", Grant)
    return Grant.objects.count()


def entries(name: str) -> Any:
    return AuditEntry.objects.filter(verb=name)


def test_writes_and_leaves_one_audit_entry() -> None:
    made = give(Call(OFFICER, at=NOON))
    entry = entries("test.give").get()
    assert entry.object_ref == f"{LABEL}:{made.pk}"
    assert json.loads(entry.detail)["purpose"] == "care"


def test_a_failure_leaves_nothing() -> None:
    with pytest.raises(InvalidInput):
        give(Call(OFFICER, key="k"), fail=True)
    assert Grant.objects.count() == 0
    assert entries("test.give").count() == 0
    assert give(Call(OFFICER, key="k")).pk, "the key of a failed deed is free again"


def test_who_has_no_right_writes_nothing() -> None:
    with pytest.raises(Forbidden):
        give(Call(STRANGER))
    with pytest.raises(NotSignedIn):
        give(Call(Actor.anonymous()))
    assert Grant.objects.count() == 0


def test_an_action_that_forgets_to_ask_is_rolled_back() -> None:
    with pytest.raises(RightsNotAsked):
        unasked(Call(OFFICER))
    assert Grant.objects.count() == 0


def test_an_inner_actions_question_counts_for_the_outer() -> None:
    @action("test.outer")
    def outer(call: Call) -> Grant:
        return give(call)

    outer(Call(OFFICER))
    assert entries("test.outer").count() == entries("test.give").count() == 1


def test_the_same_key_twice_is_one_deed() -> None:
    first = give(Call(OFFICER, key="k1"))
    again = give(Call(OFFICER, key="k1"))
    assert first.pk == again.pk
    assert Grant.objects.count() == 1
    assert entries("test.give").count() == 1


def test_the_same_key_for_something_else_is_a_conflict() -> None:
    give(Call(OFFICER, key="k1"), purpose="care")
    with pytest.raises(Conflict):
        give(Call(OFFICER, key="k1"), purpose="school")


def test_keys_of_different_callers_never_meet() -> None:
    other = Actor(ActorKind.OFFICIAL, user_id=77)
    assert give(Call(OFFICER, key="k")).pk != give(Call(other, key="k")).pk


def test_plain_results_are_remembered_too() -> None:
    assert count(Call(OFFICER, key="n")) == 0
    give(Call(OFFICER))
    assert count(Call(OFFICER, key="n")) == 0


def test_guarded_tables_refuse_writes_outside_actions() -> None:
    with pytest.raises(WriteOutsideAction):
        make(Call(OFFICER), "outside")
    made = give(Call(OFFICER))
    for write in (
        made.save,
        made.delete,
        lambda: Grant.objects.update(purpose="x"),
        lambda: Grant.objects.all().delete(),
        lambda: Grant.objects.bulk_create([made]),
        lambda: Grant.objects.bulk_update([made], ["purpose"]),
    ):
        with pytest.raises(WriteOutsideAction), transaction.atomic():
            write()
    assert made.refresh().purpose == "care"


def test_visible_is_one_predicate() -> None:
    give(Call(OFFICER))
    assert access.visible(OFFICER, Grant).count() == 1
    assert access.visible(STRANGER, Grant).count() == 1
    assert access.visible(Actor(ActorKind.PERSON, user_id=3), Grant).count() == 0
    assert access.visible(Actor.anonymous(), Grant).count() == 0
    assert not access.allowed(OFFICER, "unheard-of", Grant)


def test_a_single_grant_opens_one_object_until_it_ends() -> None:
    target = give(Call(OFFICER), purpose="someone else's")
    third = Actor(ActorKind.PERSON, user_id=3)
    now = clock.now()
    given = access.grant(
        Call(OFFICER), user_id=3, verb="view", target=target, purpose="复核", until=now + timedelta(hours=1)
    )
    assert target in access.visible(third, Grant)
    with clock.at(now + timedelta(hours=2)):
        assert not access.allowed(third, "view", target)
    access.revoke(Call(OFFICER), given=given, target=target)
    assert not access.allowed(third, "view", target)
    with pytest.raises(InvalidInput):
        access.grant(Call(OFFICER), user_id=3, verb="view", target=target, purpose=" ", until=now)
