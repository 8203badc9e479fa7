"""Keys behind handles: drawn in blocks, counted, rotated with a second person, destroyed at their end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from tests.capabilities.security.conftest import publish

from quancheng.capabilities.people import demo
from quancheng.capabilities.security import actions, queries, vault
from quancheng.capabilities.security.models import Key, KeyChange, Quota, QuotaUse
from quancheng.core.keys import Algorithm, SignatureError, from_jwk
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany, Unavailable
from quancheng.kernel.models import writing

SYSTEM = Call.system("security")
Officer = Callable[..., Actor]


def drawn(caller: str) -> int:
    return int(QuotaUse.objects.get(caller=caller, service="key").used)


@pytest.mark.parametrize(
    ("purpose", "algorithm"),
    [("code.issuer", Algorithm.ES256), ("code.issuer-sm2", Algorithm.SM2), ("chain.checkpoint", Algorithm.EDDSA),
     ("quantum.link", Algorithm.ML_DSA_65)],
)  # fmt: skip
def test_a_module_signs_with_a_key_it_never_sees(city: None, purpose: str, algorithm: Algorithm) -> None:
    handle = queries.signer(purpose)
    signature = handle.sign(b"message")
    assert handle.public.algorithm is algorithm
    handle.public.verify(b"message", signature)
    with pytest.raises(SignatureError):
        handle.public.verify(b"massage", signature)
    row = Key.objects.get(purpose=purpose)
    assert bytes(row.sealed) and row.public == handle.public
    assert [one.public for one in queries.public_keys(purpose)] == [handle.public]


def test_uses_are_drawn_in_audited_blocks(city: None, settings: Any) -> None:
    handle = queries.signer("code.issuer")
    before = AuditEntry.objects.count()
    for number in range(1001):
        handle.sign(str(number).encode())
    assert drawn("code") == 2000 and Key.objects.get(purpose="code.issuer").uses == 2000
    draws = [
        one for one in AuditEntry.objects.order_by("sequence")[before:] if one.verb == "security.key.draw"
    ]
    assert [one.details["uses"] for one in draws] == [1000, 1000]
    assert {one.details["caller"] for one in draws} == {"code"}


def test_a_block_drawn_in_an_undone_transaction_is_not_used(city: None, transactional_db: None) -> None:
    publish()
    handle = queries.signer("code.issuer")

    def undone() -> None:
        with transaction.atomic():
            handle.sign(b"undone")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert not QuotaUse.objects.filter(caller="code").exists()
    handle.sign(b"kept")
    assert drawn("code") == 1000
    with transaction.atomic():
        handle.sign(b"within the block")
    assert drawn("code") == 1000


def test_a_key_made_in_an_undone_transaction_is_not_signed_with_again(
    city: None, transactional_db: None
) -> None:
    publish()

    def undone() -> None:
        with transaction.atomic():
            queries.signer("code.issuer").sign(b"undone")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    with transaction.atomic():
        handle = queries.signer("code.issuer")
        handle.sign(b"kept")
    assert [one.public for one in queries.public_keys("code.issuer")] == [handle.public]


def test_the_quota_is_never_exceeded(city: None) -> None:
    with writing("tests"):
        Quota.objects.create(caller="code", service="key", per_day=1500)
    handle = queries.signer("code.issuer")
    for _ in range(1500):
        handle.sign(b"x")
    with pytest.raises(TooMany) as caught:
        handle.sign(b"x")
    assert caught.value.extra["quota"] == 1500 and "1500" in caught.value.detail.en
    queries.signer("code.issuer", caller="another").sign(b"x")  # each caller has its own


def test_rotation_takes_a_second_person(officer: Officer) -> None:
    old = queries.signer("code.issuer")
    signature = old.sign(b"old")
    key = Key.objects.get(purpose="code.issuer")
    first, second = officer("王安全"), officer("李复核")
    change = actions.ask_change(Call(first), key_id=key.pk, kind="rotate", reason="年度轮换")
    with pytest.raises(Forbidden):
        actions.decide_change(Call(first), change_id=change.pk, agreed=True)
    with pytest.raises(Conflict):
        actions.ask_change(Call(second), key_id=key.pk, kind="rotate", reason="再来一次")
    assert Key.objects.filter(purpose="code.issuer").count() == 1
    actions.decide_change(Call(second), change_id=change.pk, agreed=True)
    queries.forget()
    new = queries.signer("code.issuer")
    assert new.public != old.public
    assert [one.active for one in queries.public_keys("code.issuer")] == [True, False]
    queries.public_keys("code.issuer")[1].public.verify(b"old", signature)
    with pytest.raises(Conflict):
        actions.decide_change(Call(second), change_id=change.pk, agreed=True)


def test_a_handle_kept_too_long_signs_no_more(city: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from quancheng.capabilities.security import keeping

    old = queries.signer("code.issuer")
    old.sign(b"x")
    actions.rotate(SYSTEM, purpose="code.issuer")
    monkeypatch.setattr(keeping, "FRESH_SECONDS", -1.0)
    with pytest.raises(Conflict):
        old.sign(b"x")


def test_a_declined_change_changes_nothing(officer: Officer) -> None:
    key = actions.ensure_key(SYSTEM, purpose="code.issuer")
    change = actions.ask_change(Call(officer("甲")), key_id=key.pk, kind="compromise", reason="疑似外泄")
    actions.decide_change(Call(officer("乙")), change_id=change.pk, agreed=False)
    assert Key.objects.get(pk=key.pk).state == Key.State.ACTIVE
    assert KeyChange.objects.get().state == KeyChange.State.DECLINED


def test_a_compromised_key_is_destroyed_and_no_longer_named(officer: Officer) -> None:
    key = actions.ensure_key(SYSTEM, purpose="code.issuer")
    change = actions.ask_change(Call(officer("甲")), key_id=key.pk, kind="compromise", reason="介质丢失")
    actions.decide_change(Call(officer("乙")), change_id=change.pk, agreed=True)
    key = key.refresh()
    assert (key.state, bytes(key.sealed)) == (Key.State.DESTROYED, b"") and key.compromised_at
    assert [one.kid for one in queries.public_keys("code.issuer")] == [
        Key.objects.get(purpose="code.issuer", state="active").kid
    ]


def test_certificates_over_a_compromised_key_are_revoked_with_it(officer: Officer) -> None:
    from quancheng.capabilities.security.models import Certificate

    actions.stamp(SYSTEM, digest="ab" * 32, caller="security")
    key = Key.objects.get(purpose="tsa.sm2", state=Key.State.ACTIVE)
    change = actions.ask_change(Call(officer("甲")), key_id=key.pk, kind="compromise", reason="介质丢失")
    actions.decide_change(Call(officer("乙")), change_id=change.pk, agreed=True)
    row = Certificate.objects.get(key=key)
    assert row.revoked_reason == "key_compromise" and row.issuer is not None
    latest = row.issuer.lists.order_by("-number").first()
    assert latest is not None and latest.entries == 1
    again = actions.stamp(SYSTEM, digest="ab" * 32, caller="security")  # with a new key and certificate
    assert again.certificate != row and queries.verify_stamp(bytes(again.token))


def test_keys_at_their_end_are_rotated_and_destroyed(city: None) -> None:
    first = actions.ensure_key(SYSTEM, purpose="vault.receipt")
    day = timedelta(days=1)
    assert actions.retire_due(SYSTEM) == {"rotated": 0, "destroyed": 0}
    later = Call(SYSTEM.actor, at=first.sign_until + day)
    assert actions.retire_due(later)["rotated"] == 1
    old = Key.objects.get(pk=first.pk)
    assert old.state == Key.State.RETIRING and old.sealed
    assert actions.retire_due(Call(SYSTEM.actor, at=old.verify_until + day))["destroyed"] == 1
    assert not Key.objects.get(pk=first.pk).sealed


def test_another_master_key_opens_nothing(city: None, settings: Any, tmp_path: Any) -> None:
    queries.signer("code.issuer").sign(b"x")
    assert oct(vault.master_path().stat().st_mode & 0o777) == "0o600"
    settings.HOME = tmp_path / "elsewhere"
    queries.forget()
    with pytest.raises(Unavailable) as caught:
        queries.signer("code.issuer").sign(b"x")
    assert "security-master.key" in caught.value.todo.en


def test_a_sealed_key_cannot_stand_for_another(city: None) -> None:
    one = actions.ensure_key(SYSTEM, purpose="code.issuer")
    two = actions.ensure_key(SYSTEM, purpose="code.status")
    with writing("tests"):
        Key.objects.filter(pk=one.pk).update(sealed=two.sealed)
    with pytest.raises(Unavailable):
        queries.signer("code.issuer").sign(b"x")


def test_strangers_and_nonsense(officer: Officer) -> None:
    key = actions.ensure_key(SYSTEM, purpose="code.issuer")
    outsider = officer("外人", "protect.auditor")
    for deed in (
        lambda: actions.ask_change(Call(outsider), key_id=key.pk, kind="rotate", reason="x"),
        lambda: actions.rotate(Call(officer()), purpose="code.issuer"),
        lambda: actions.draw_uses(Call(officer()), key_id=key.pk, caller="me"),
    ):
        with pytest.raises(Forbidden):
            deed()
    with pytest.raises(InvalidInput):
        actions.ask_change(Call(officer()), key_id=key.pk, kind="melt", reason="x")
    with pytest.raises(InvalidInput):
        actions.ask_change(Call(officer()), key_id=key.pk, kind="rotate", reason=" ")
    with pytest.raises(NotFound):
        queries.signer("no.such")
    with pytest.raises(InvalidInput):
        actions.publish_purpose(SYSTEM, code="x.y", name={"zh": "x", "en": "x"}, algorithm="RSA")


def test_verifiers_read_the_public_keys(city: None) -> None:
    handle = queries.signer("code.issuer")
    found = Browser().get("/api/v1/security/keys/code.issuer").json()["keys"]
    assert [from_jwk(one["jwk"]) for one in found] == [handle.public]
    assert found[0]["active"] and found[0]["verify_until"] > clock.now().isoformat()[:4]
    assert Browser().get("/api/v1/security/keys/no.such").status_code == 404


def test_officers_are_told_what_people_must_do(officer: Officer) -> None:
    from quancheng.capabilities.messages.models import Message
    from quancheng.capabilities.people import actions as people
    from quancheng.capabilities.people.models import Department, User
    from quancheng.capabilities.security import tasks

    users = {name: officer(name).user_id for name in ("甲", "乙")}
    for pk in users.values():
        people.grant_role(
            Call.system("people"), user=User.objects.get(pk=pk), role="security.officer",
            department=Department.objects.get(code="jn-data"), region_code="370100", reason="测试",
        )  # fmt: skip
    key = actions.ensure_key(Call.system("security"), purpose="code.issuer")
    actions.ask_change(Call(officer("甲")), key_id=key.pk, kind="rotate", reason="年度轮换")
    assert [one.user_id for one in Message.objects.all()] == [users["乙"]]  # not whoever asked
    maker = actions.ensure_key(Call.system("security"), purpose="seal.maker")
    assert tasks.rotate(None) == {"rotated": 0, "destroyed": 0, "ending": 0, "late": 2}  # type: ignore[arg-type]
    later = Call(Call.system("security").actor, at=maker.sign_until - timedelta(days=5))
    assert actions.remind(later)["ending"] == 1
    before = Message.objects.count()
    actions.remind(later)
    assert Message.objects.count() == before  # the same news once
    assert (
        actions.retire_due(Call(later.actor, at=maker.sign_until))["rotated"] == 1
    )  # code.issuer, not the seal's


def test_quotas_are_for_callers_that_exist(officer: Officer) -> None:
    for caller, service, per_day in (("nobody-here", "sign", 1), ("code", "melt", 1), ("code", "key", -1)):
        with pytest.raises(InvalidInput):
            actions.set_quota(Call(officer()), caller=caller, service=service, per_day=per_day)
    assert actions.set_quota(Call(officer()), caller="security", service="key", per_day=0).per_day == 0


def test_the_demo_city_has_two_officers_and_keys(city: None) -> None:
    from quancheng.capabilities.security import simulate

    for role in ("security.officer", "security.custodian"):
        assert len([one.key for one in demo.identities() if role in one.roles]) >= 2, (
            "one asks, another agrees"
        )
    simulate.seed(None, None)
    counts = (Key.objects.count(), AuditEntry.objects.count())
    simulate.seed(None, None)
    assert Key.objects.count() == counts[0]
