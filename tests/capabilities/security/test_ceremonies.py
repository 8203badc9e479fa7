"""Key ceremonies: shares taken once, a quorum tried and used, wrong shares named at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quancheng.capabilities.people import actions as people
from quancheng.capabilities.people.models import Department, User
from quancheng.capabilities.security import actions, authority, keeping, queries
from quancheng.capabilities.security.models import (
    Certificate,
    Gathering,
    GivenShare,
    Key,
    KeyCeremony,
    ShareSlot,
)
from quancheng.core.pki import Share, check_path
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, Unavailable

Officer = Callable[..., Actor]


@pytest.fixture
def custodians(officer: Officer) -> list[Actor]:
    made = []
    for name in ("保管甲", "保管乙", "保管丙"):
        actor = officer(name, "security.custodian")
        user = User.objects.get(pk=actor.user_id)
        people.grant_role(
            Call.system("people"), user=user, role="security.custodian", department=Department.objects.get(code="jn-data"),
            region_code="370100", reason="测试",
        )  # fmt: skip
        made.append(actor)
    return made


def begun(officer: Officer, custodians: list[Actor], threshold: int = 2) -> KeyCeremony:
    users = [one.user_id for one in custodians]
    return actions.start_ceremony(
        Call(officer()), name="二〇二六年仪式", threshold=threshold, custodians=users
    )


def taken(row: KeyCeremony, custodians: list[Actor]) -> list[str]:
    return [
        actions.take_share(Call(one), slot_id=row.slots.get(user_id=one.user_id).pk) for one in custodians
    ]


def test_after_the_ceremony_nobody_alone_has_the_roots(officer: Officer, custodians: list[Actor]) -> None:
    row = begun(officer, custodians)
    root = Key.objects.get(purpose="ca.root-es256")
    texts = taken(row, custodians[:2])
    assert root.refresh().sealed_by == "master"  # one has not taken the share yet: nothing can be lost
    texts += taken(row, custodians[2:])
    row = row.refresh()
    assert (row.state, row.wrapped) == (KeyCeremony.State.DONE, {})
    assert root.refresh().sealed_by == f"ceremony:{row.pk}"
    with pytest.raises(Unavailable):
        keeping.open_key(root)
    assert len({Share.from_text(one).index for one in texts}) == 3
    said = "".join(AuditEntry.objects.values_list("detail", flat=True))
    assert not any(text in said or text[5:40] in said for text in texts)
    # the issuing authorities go on without the roots
    assert actions.ensure_authority(Call.system("security"), family="es256").slug == "issuing-es256"


def test_a_share_is_shown_once_and_to_its_custodian_only(officer: Officer, custodians: list[Actor]) -> None:
    row = begun(officer, custodians)
    slot = row.slots.get(user_id=custodians[0].user_id)
    for other in (custodians[1], officer(), officer("外人", "protect.auditor")):
        with pytest.raises(Forbidden):
            actions.take_share(Call(other), slot_id=slot.pk)
    actions.take_share(Call(custodians[0], key="again"), slot_id=slot.pk)
    assert not ShareSlot.objects.get(pk=slot.pk).sealed
    with pytest.raises(Conflict):
        actions.take_share(Call(custodians[0], key="again"), slot_id=slot.pk)


def test_a_drill_proves_that_a_quorum_can_open_the_roots(officer: Officer, custodians: list[Actor]) -> None:
    row = begun(officer, custodians)
    texts = taken(row, custodians)
    gathering = actions.open_gathering(Call(officer()), ceremony_id=row.pk, kind="drill")
    with pytest.raises(Conflict):
        actions.open_gathering(Call(officer()), ceremony_id=row.pk, kind="drill")
    actions.give_share(Call(custodians[2]), gathering_id=gathering.pk, text=texts[2].lower())
    assert gathering.refresh().state == Gathering.State.OPEN and GivenShare.objects.count() == 1
    for text, who in ((texts[0], 1), (texts[2], 2), ("QSS1-AAAA", 0), (texts[0][:-8] + "AAAA-AAA", 0)):
        with pytest.raises((InvalidInput, Conflict)):
            actions.give_share(Call(custodians[who]), gathering_id=gathering.pk, text=text)
    actions.give_share(Call(custodians[0]), gathering_id=gathering.pk, text=texts[0])
    gathering = gathering.refresh()
    assert (gathering.state, gathering.outcome) == (Gathering.State.DONE, {"shares": [1, 3], "keys": 2})
    assert not GivenShare.objects.exists()
    with pytest.raises(Conflict):
        actions.give_share(Call(custodians[1]), gathering_id=gathering.pk, text=texts[1])


def test_a_quorum_issues_new_authorities_and_the_old_still_verify(
    officer: Officer, custodians: list[Actor]
) -> None:
    row = begun(officer, custodians)
    texts = taken(row, custodians)
    old = actions.ensure_authority(Call.system("security"), family="es256")
    key = actions.ensure_key(Call.system("security"), purpose="tsa.es256")
    leaf = actions.certify_key(Call.system("security"), key_id=key.pk, purpose="stamping", subject="旧时间戳")
    gathering = actions.open_gathering(Call(officer()), ceremony_id=row.pk, kind="renew")
    for who in (0, 1):
        actions.give_share(Call(custodians[who]), gathering_id=gathering.pk, text=texts[who])
    assert gathering.refresh().outcome["issued"] == ["issuing-es256-2", "issuing-sm2-2"]
    new = actions.ensure_authority(Call.system("security"), family="es256")
    assert (new.slug, new.x509.public == old.x509.public) == ("issuing-es256-2", False)
    known = authority.trust()
    trust: dict[str, Any] = {
        "roots": known.roots,
        "between": known.between,
        "lists": known.lists,
        "at": clock.now(),
    }
    check_path(leaf.x509, **trust)
    actions.revoke_certificate(Call(officer()), serial=leaf.serial, reason="superseded")
    assert queries.revocation_list("issuing-es256").entries == 1  # the old authority still signs its list
    assert {one.slug for one in authority.working()} == {
        "issuing-es256", "issuing-sm2", "issuing-es256-2", "issuing-sm2-2",
    }  # fmt: skip
    assert Certificate.objects.filter(slug__startswith="root-").count() == 2


def test_a_ceremony_left_open_is_no_second_way_to_the_roots(
    officer: Officer, custodians: list[Actor]
) -> None:
    begun(officer, custodians)
    with pytest.raises(Conflict) as caught:  # its shares would lie here, sealed by the master key alone
        begun(officer, custodians)
    assert "finish or cancel" in caught.value.detail.en
    assert KeyCeremony.objects.count() == 1


def test_a_gathering_that_does_not_come_together_forgets_the_shares(
    officer: Officer, custodians: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    row = begun(officer, custodians)
    texts = taken(row, custodians)
    first = actions.open_gathering(Call(officer()), ceremony_id=row.pk, kind="drill")
    actions.give_share(Call(custodians[0]), gathering_id=first.pk, text=texts[0])
    with pytest.raises(Forbidden):
        actions.close_gathering(Call(custodians[0]), gathering_id=first.pk)
    actions.close_gathering(Call(officer()), gathering_id=first.pk)
    assert first.refresh().state == Gathering.State.FAILED and not GivenShare.objects.exists()
    second = actions.open_gathering(Call(officer()), ceremony_id=row.pk, kind="drill")
    actions.give_share(Call(custodians[1]), gathering_id=second.pk, text=texts[1])
    system = Call.system("security")
    assert actions.close_old_gatherings(system) == 0
    assert actions.close_old_gatherings(Call(system.actor, at=clock.now() + timedelta(hours=25))) == 1
    assert not GivenShare.objects.exists() and second.refresh().ended_at is not None


def test_a_gathering_that_fails_half_way_changes_nothing(
    officer: Officer, custodians: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    from quancheng.capabilities.security.actions import ceremonies

    row = begun(officer, custodians)
    texts = taken(row, custodians)
    before = set(Key.objects.filter(purpose__startswith="ca.issuing").values_list("kid", "state"))

    def refused(*_: Any) -> None:
        raise InvalidInput

    monkeypatch.setattr(ceremonies, "issuing_under", refused)
    gathering = actions.open_gathering(Call(officer()), ceremony_id=row.pk, kind="renew")
    for actor, text in zip(custodians[:2], texts, strict=False):
        actions.give_share(Call(actor), gathering_id=gathering.pk, text=text)
    assert gathering.refresh().state == Gathering.State.FAILED
    assert set(Key.objects.filter(purpose__startswith="ca.issuing").values_list("kid", "state")) == before


def test_too_few_or_strange_custodians(officer: Officer, custodians: list[Actor]) -> None:
    ids = [one.user_id for one in custodians]
    stranger = officer("路人", "security.officer").user_id
    for threshold, users, field in (
        (2, ids[:1], "custodians"), (2, [ids[0], ids[0]], "custodians"), (2, [*ids, stranger], "custodians"),
        (1, ids, "threshold"), (4, ids, "threshold"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            actions.start_ceremony(Call(officer()), name="x", threshold=threshold, custodians=users)
        assert field in caught.value.fields
    with pytest.raises(Forbidden):
        actions.start_ceremony(Call(custodians[0]), name="x", threshold=2, custodians=ids)


def test_a_ceremony_can_be_given_up_before_its_end(officer: Officer, custodians: list[Actor]) -> None:
    row = begun(officer, custodians)
    taken(row, custodians[:1])
    actions.cancel_ceremony(Call(officer()), ceremony_id=row.pk)
    with pytest.raises(Conflict):
        taken(row, custodians[1:2])
    assert not ShareSlot.objects.exclude(sealed=b"").exists()
    assert begun(officer, custodians).state == KeyCeremony.State.HANDING
    with pytest.raises(Conflict):
        actions.open_gathering(Call(officer()), ceremony_id=row.pk, kind="drill")
    with pytest.raises(Conflict):
        actions.cancel_ceremony(Call(officer()), ceremony_id=row.pk)


def test_roots_are_split_once(officer: Officer, custodians: list[Actor]) -> None:
    taken(begun(officer, custodians), custodians)
    with pytest.raises(Conflict):
        begun(officer, custodians)


def test_custodians_are_changed_by_the_quorum_that_holds(officer: Officer, custodians: list[Actor]) -> None:
    first = begun(officer, custodians)
    old = taken(first, custodians)
    plan = {"name": "换届", "threshold": 2, "custodians": [custodians[1].user_id, custodians[2].user_id]}
    with pytest.raises(InvalidInput):
        actions.open_gathering(
            Call(officer()), ceremony_id=first.pk, kind="resplit", **(plan | {"threshold": 5})
        )
    gathering = actions.open_gathering(Call(officer()), ceremony_id=first.pk, kind="resplit", **plan)
    for who in (0, 1):
        actions.give_share(Call(custodians[who]), gathering_id=gathering.pk, text=old[who])
    second = KeyCeremony.objects.get(pk=gathering.refresh().outcome["ceremony"])
    root = Key.objects.get(purpose="ca.root-sm2")
    assert root.sealed_by == f"ceremony:{first.pk}"  # the old shares count until the new ones are taken
    new = taken(second, custodians[1:])
    assert root.refresh().sealed_by == f"ceremony:{second.pk}"
    drill = actions.open_gathering(Call(officer()), ceremony_id=second.pk, kind="drill")
    with pytest.raises(InvalidInput):
        actions.give_share(Call(custodians[1]), gathering_id=drill.pk, text=old[1])
    for who, text in zip((1, 2), new, strict=True):
        actions.give_share(Call(custodians[who]), gathering_id=drill.pk, text=text)
    assert drill.refresh().outcome["keys"] == 2
    # those who held them before gather for nothing now
    late = actions.open_gathering(Call(officer()), ceremony_id=first.pk, kind="drill")
    for who in (0, 1):
        actions.give_share(Call(custodians[who]), gathering_id=late.pk, text=old[who])
    assert late.refresh().outcome["keys"] == 0
