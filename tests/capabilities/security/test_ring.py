"""One place for keys: what modules keep in the key ring is seen, rotated and ended by security officers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.test import Client as Browser

from quancheng.capabilities.people.models import User
from quancheng.capabilities.security import actions, commands, queries
from quancheng.capabilities.security.models import Key
from quancheng.core.keys import Algorithm
from quancheng.kernel import clock, keyring
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, Forbidden, NotFound

SYSTEM = Call.system("security")
Officer = Callable[..., Actor]


def listed(actor: Actor, **params: str) -> list[tuple[str, str, str]]:
    return [(one.purpose, one.algorithm, one.state) for one in queries.keys(actor, params)]


def agreed(officer: Officer, key: Key, kind: str) -> None:
    change = actions.ask_change(Call(officer("甲")), key_id=key.pk, kind=kind, reason="年度轮换")
    with pytest.raises(Forbidden):
        actions.decide_change(Call(officer("甲")), change_id=change.pk, agreed=True)
    actions.decide_change(Call(officer("乙")), change_id=change.pk, agreed=True)


def row_of(purpose: str) -> Key:
    queries.see_ring()
    found: Key = Key.objects.get(purpose=purpose, state=Key.State.ACTIVE)
    return found


def test_the_officer_sees_the_keys_of_modules(officer: Officer) -> None:
    assert listed(officer(), q="chain-log") == []
    log = keyring.signer("chain-log", Algorithm.EDDSA)
    keyring.signer("quantum-link", Algorithm.ML_DSA_44)
    assert listed(officer(), q="-l") == [
        ("quantum-link", "ML-DSA-44", "active"), ("chain-log", "EdDSA", "active"),
    ]  # fmt: skip
    row = queries.key(officer(), log.public.kid.hex())
    assert row.public == log.public and row.handle == Key.Handle.RING and not row.sealed
    assert abs(row.valid_from - clock.now()) < timedelta(minutes=1)
    assert row.sign_until - row.valid_from == timedelta(days=365)
    assert str(queries.purposes()["chain-log"].en) == "Checkpoints of the ledger"
    before = AuditEntry.objects.count()
    listed(officer())
    assert AuditEntry.objects.count() == before  # looking again writes nothing
    assert [one.public for one in queries.public_keys("chain-log")] == [log.public]
    assert Browser().get("/api/v1/security/keys/chain-log").status_code == 200


def test_two_officers_rotate_a_key_of_a_module_and_its_callers_change_nothing(officer: Officer) -> None:
    old = keyring.signer("code-issuer", Algorithm.SM2)
    signature = old.sign(b"old")
    key = row_of("code-issuer")
    agreed(officer, key, "rotate")
    new = keyring.signer("code-issuer", Algorithm.SM2)
    assert new.public != old.public and new.public.algorithm is Algorithm.SM2
    assert keyring.trusted("code-issuer") == (new.public, old.public)
    keyring.trusted("code-issuer")[1].verify(b"old", signature)
    assert row_of("code-issuer").public == new.public
    assert key.refresh().state == Key.State.RETIRING
    verbs = list(AuditEntry.objects.values_list("verb", flat=True))
    assert {"security.key.adopt", "security.key.ask_change", "security.key.decide_change"} <= set(verbs)


def test_a_compromised_key_of_a_module_is_gone_and_trusted_no_more(officer: Officer) -> None:
    old = keyring.signer("vault-receipt").public
    key = row_of("vault-receipt")
    agreed(officer, key, "compromise")
    new = keyring.signer("vault-receipt").public
    assert new != old and keyring.trusted("vault-receipt") == (new,)
    assert key.refresh().state == Key.State.DESTROYED and not keyring.holds("vault-receipt", old)
    assert row_of("vault-receipt").public == new
    assert [one.public for one in queries.public_keys("vault-receipt")] == [new]


def test_a_rotation_that_came_by_another_way_is_seen(officer: Officer) -> None:
    keyring.signer("chain-witness", Algorithm.EDDSA)
    first = row_of("chain-witness")
    made = keyring.rotate("chain-witness", Algorithm.EDDSA)
    assert row_of("chain-witness").public == made and first.refresh().state == Key.State.RETIRING


def test_the_job_rotates_no_key_of_a_module_and_keeps_old_ones_trusted(officer: Officer) -> None:
    old = keyring.signer("quantum-link", Algorithm.EDDSA).public
    first = row_of("quantum-link")
    late = Call(SYSTEM.actor, at=first.sign_until + timedelta(days=1))
    assert actions.retire_due(late)["rotated"] == 0  # witnesses have to be told: people rotate it
    assert actions.remind(late)["ending"] == 1
    agreed(officer, first, "rotate")
    end = first.refresh().verify_until + timedelta(days=1)
    assert actions.retire_due(Call(SYSTEM.actor, at=end))["destroyed"] == 1
    assert not keyring.holds("quantum-link", old) and old in keyring.trusted("quantum-link")


@pytest.mark.parametrize("purpose", ["chain-log", "chain-witness"])
def test_a_key_others_have_pinned_is_not_rotated(officer: Officer, purpose: str) -> None:
    keyring.signer(purpose, Algorithm.EDDSA)
    with pytest.raises(Conflict):
        actions.ask_change(Call(officer("甲")), key_id=row_of(purpose).pk, kind="rotate", reason="年度轮换")
    assert keyring.trusted(purpose) == (row_of(purpose).public,)


def test_the_page_of_a_pinned_key_says_why_and_offers_no_rotation(
    officer: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring.signer("chain-log", Algorithm.EDDSA)
    actor, browser = officer(), Browser()
    browser.force_login(User.objects.get(pk=actor.user_id))
    monkeypatch.setattr("quancheng.kernel.middleware._loader", lambda: lambda who, request: actor)
    page = browser.get(f"/sec/keys/{row_of('chain-log').kid}/").content.decode()
    assert "不轮换" in page and 'value="compromise"' in page and 'value="rotate"' not in page


def test_a_change_decided_too_late_changes_nothing(officer: Officer) -> None:
    keyring.signer("code-issuer")
    change = actions.ask_change(
        Call(officer("甲")), key_id=row_of("code-issuer").pk, kind="rotate", reason="年度轮换"
    )
    made = keyring.rotate("code-issuer")
    queries.see_ring()
    with pytest.raises(Conflict):
        actions.decide_change(Call(officer("乙")), change_id=change.pk, agreed=True)
    assert keyring.signer("code-issuer").public == made


def test_nobody_makes_a_second_store_for_them(city: None) -> None:
    for wanted in (
        lambda: actions.ensure_key(SYSTEM, purpose="chain-log"),
        lambda: queries.signer("chain-log"),
    ):
        with pytest.raises(NotFound):
            wanted()


def test_a_restore_drill_misses_a_key_file(city: None, settings: object) -> None:
    key = keyring.signer("code-issuer").public
    queries.see_ring()
    assert CliRunner().invoke(commands.check_keys).exit_code == 0
    keyring.end("code-issuer", key, trusted=True)  # as if the file had not come with the backup
    answer = CliRunner().invoke(commands.check_keys)
    assert answer.exit_code == 1 and "code-issuer" in answer.output
