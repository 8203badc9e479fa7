"""Licences: numbers, commitments, wallet, verification, revocation."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from quancheng.capabilities.people.models import Department
from quancheng.capabilities.trust import actions, queries, sealing, simulate
from quancheng.capabilities.trust.models import Licence
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput
from quancheng.kernel.models import writing

SYSTEM = Call.system("tests")
CONTENT = st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers(), max_size=5)


@given(CONTENT, CONTENT)
def test_commitment_tells_contents_apart(one, other):
    salt, pepper = "00" * 16, "01" * 16
    assert (sealing.commitment_of(salt, one) == sealing.commitment_of(salt, other)) == (
        sealing.canonical(one) == sealing.canonical(other)
    )
    assert sealing.commitment_of(salt, one) != sealing.commitment_of(pepper, one)
    assert sealing.hash_of(one) == sealing.hash_of(dict(reversed(one.items())))


@given(st.integers(1, 999_999), st.integers(2000, 2099))
def test_numbers_and_codes(serial, year):
    number = sealing.licence_number("YDZ", "370102001", year, serial)
    assert number.startswith(f"YDZ-370102-{year}-")
    assert sealing.is_code(sealing.code_of("secret", number))
    assert sealing.code_of("secret", number) != sealing.code_of("other", number)


@given(st.text(max_size=40))
def test_what_is_no_code_is_unknown(text):
    if not sealing.is_code(text.strip().upper()):
        assert queries.verify(Actor.anonymous(), text).outcome == "unknown"


@pytest.fixture
def card(user):
    simulate.seed(SimpleNamespace(), None)
    return Licence.objects.get(person=user("citizen-elder").person)


def test_wallet_is_ones_own(card, signed_in):
    mine, other = signed_in("citizen-elder"), signed_in("citizen-young")
    assert card.number in mine.get("/wallet/").content.decode()
    page = mine.get(f"/wallet/{card.number}/").content.decode()
    assert "<svg" in page
    assert card.items["resident_id"] not in page
    assert card.items["resident_id"] in mine.get(f"/wallet/{card.number}/?reveal=1").content.decode()
    assert other.get(f"/wallet/{card.number}/").status_code == 404
    assert other.get(f"/api/v1/trust/licences/{card.number}").status_code == 404
    assert Client().get("/wallet/").status_code == 302
    assert Client().get("/api/v1/trust/licences").status_code == 401
    assert mine.get("/api/v1/trust/licences?cursor=x").status_code == 422
    assert simulate.seed(SimpleNamespace(), None) == "0张证照"


def test_anybody_may_verify_and_learns_little(card):
    anybody = Client()
    said = anybody.get(f"/api/v1/trust/verify/{card.code}").json()
    assert said["outcome"] == "genuine"
    assert said["holder"] == "王**"
    assert card.number not in str(said)
    page = anybody.get(f"/verify/?code={card.code.lower()}").content.decode()
    assert "真实有效" in page
    assert "王秀英" not in page
    for odd in ("x", "A" * 20, "%00", "../../etc", "中" * 20):
        assert anybody.get(f"/api/v1/trust/verify/{odd}").status_code in {200, 404, 422}
        assert anybody.get("/verify/", {"code": odd}).status_code == 200


def test_tampering_shows(card):
    with writing("attack"):
        Licence.objects.filter(pk=card.pk).update(items={**card.items, "name": "别人"})
    assert queries.verify(Actor.anonymous(), card.code).outcome == "tampered"


def test_expiry(card):
    with writing("test"):
        card.valid_to = clock.today()
        content = card.content()
        card.content_hash, card.commitment = (
            sealing.hash_of(content),
            sealing.commitment_of(card.salt, content),
        )
        card.save()
    assert queries.verify(Actor.anonymous(), card.code).outcome == "genuine"
    from datetime import timedelta

    with clock.at(clock.now() + timedelta(days=1)):
        assert queries.verify(Actor.anonymous(), card.code).outcome == "expired"
        assert queries.held_types(person_id=card.person_id) == frozenset()


def test_issue_once_and_revoke_once(card, actor, settle):
    office = Department.objects.get(code="jn-hrss")
    facts = {
        "type_code": "social-security-card",
        "department_id": office.pk,
        "region_code": "370102",
        "holder_name": "王秀英",
        "items": {},
        "person_id": card.person_id,
    }
    with pytest.raises(Conflict):
        actions.issue_licence(SYSTEM, **facts)
    with pytest.raises(InvalidInput):
        actions.issue_licence(SYSTEM, **{**facts, "type_code": "none"})
    with pytest.raises(InvalidInput):
        actions.issue_licence(SYSTEM, **{**facts, "person_id": None})
    before = Licence.objects.count()
    with pytest.raises(Forbidden):
        actions.issue_licence(Call(actor("clerk-civil")), **{**facts, "type_code": "senior-card"})
    assert Licence.objects.count() == before
    with pytest.raises(Forbidden):
        actions.revoke_licence(Call(actor("citizen-elder")), licence=card, reason="x")
    with pytest.raises(InvalidInput):
        actions.revoke_licence(SYSTEM, licence=card, reason=" ")
    actions.revoke_licence(SYSTEM, licence=card, reason="遗失补发")
    with pytest.raises(Conflict):
        actions.revoke_licence(SYSTEM, licence=card, reason="again")
    assert queries.verify(Actor.anonymous(), card.code).outcome == "revoked"
    assert (
        card.commitment
        in AuditEntry.objects.get(action="trust.licence.revoke", detail__contains="遗失补发").detail
    )
    assert actions.issue_licence(SYSTEM, **facts).number != card.number
