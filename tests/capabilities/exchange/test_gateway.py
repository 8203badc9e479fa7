"""交换: asked with a signature, answered with one, evidence of both, verified by the independent script."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from tests.capabilities.exchange.conftest import (
    NOW,
    SYSTEM,
    World,
    given,
    granted,
    officer,
    program,
    row_of,
    terms_of,
)

from quancheng.capabilities.exchange import actions, keyring, ledger, queries
from quancheng.capabilities.exchange.exchange_client import ExchangeRefused, wire
from quancheng.capabilities.exchange.models import Counter, Exchange, Grant
from quancheng.core import exchange as core
from quancheng.core.exchange import Comparison, Ed25519Signer, Mask, Operator
from quancheng.kernel import clock

pytestmark = pytest.mark.django_db
FIELDS = ("id_number", "name", "age")
SCRIPT = Path(__file__).parents[3] / "tools" / "verify_exchange.py"


def _by_number(number: int) -> Comparison:
    return Comparison("id_number", Operator.EQ, str(row_of(number)["id_number"]))


def test_a_signed_question_and_its_proof(world: World, grant: Grant, client: Client, tmp_path: Path) -> None:
    ours = program(world, client)
    terms = terms_of(grant)
    answer = ours.query(terms, FIELDS, _by_number(3), case="A-1")
    [row] = answer.rows
    assert row["age"] == 63 and row["name"].startswith("王") and row["name"] != "王秀3"
    assert row["id_number"] != row_of(3)["id_number"] and answer.next is None
    with pytest.raises(ExchangeRefused) as early:
        ours.evidence(terms, answer.message)
    assert early.value.status == 409
    assert actions.stamp_waiting(SYSTEM) == 1
    row = Exchange.objects.get()
    with clock.at(NOW + timedelta(minutes=1)):
        files = {"consumer": ours.evidence(terms, answer.message),
                 "provider": queries.evidence(world.provider.actor, row.pk, "provider")}  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "keys").write_bytes(client.get("/exchange/v1/keys").content)
    command = [sys.executable, str(SCRIPT), str(tmp_path / "consumer"), str(tmp_path / "provider")]
    said = subprocess.run([*command, "--keys", str(tmp_path / "keys")], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout
    assert core.verify_files(files["consumer"], files["provider"], keyring.trusted()).valid
    broken = json.loads(files["provider"])
    broken["response"]["header"]["rows"] = 2
    (tmp_path / "provider").write_text(json.dumps(broken))
    assert subprocess.run([*command, "--keys", str(tmp_path / "keys")], capture_output=True).returncode == 1


def test_what_the_grant_does_not_cover_is_refused_and_proved(
    world: World, grant: Grant, client: Client
) -> None:
    ours, terms = program(world, client), terms_of(grant)
    hidden = Comparison("name", Operator.STARTS, "王")
    for wrong, fields, condition in (
        (terms, ("since",), None),
        (terms, FIELDS, hidden),
        (terms, FIELDS, Comparison("id_number", Operator.GT, "3")),
        (replace(terms, purpose="别的用途"), FIELDS, None),
        (replace(terms, basis="《别的法》第一条"), FIELDS, None),
        (replace(terms, resource="other"), FIELDS, None),
    ):
        with pytest.raises(ExchangeRefused) as refused:
            ours.query(wrong, fields, condition)
        assert refused.value.status == 403 and refused.value.reason
    assert set(Exchange.objects.values_list("outcome", "rows")) == {("refused", 0)}
    assert Exchange.objects.count() == 6
    assert Counter.objects.get().calls == 0


def test_stricter_masks_and_pages(world: World, grant: Grant, client: Client) -> None:
    ours, terms = program(world, client), terms_of(grant)
    first = ours.query(terms, ("district", "age"), limit=25)
    assert len(first.rows) == 25 and first.next == 25
    rest = ours.query(terms, ("district", "age"), limit=25, offset=25)
    assert len(rest.rows) == 15 and rest.next is None
    masked = ours.query(terms, ("id_number",), _by_number(3), masks={"id_number": Mask.HIDE})
    assert masked.rows == [{}]
    assert Counter.objects.get().rows == 41


def test_who_nobody_knows_leaves_no_trace(world: World, grant: Grant, client: Client) -> None:
    ours, terms = program(world, client), terms_of(grant)
    good = wire(ours.sign(terms, FIELDS, None, "", b""))
    stranger = replace(ours, signer=Ed25519Signer(Ed25519PrivateKey.generate()))
    forged = json.loads(good)
    forged["header"]["purpose"] = "别的用途"
    other_body = json.loads(good)
    other_body["body"] = "e30="
    path = f"/exchange/v1/{grant.number}"
    for body, status in (
        (wire(stranger.sign(terms, FIELDS, None, "", b"")), 403),
        (json.dumps(forged).encode(), 403),
        (json.dumps(other_body).encode(), 422),
        (b"{broken", 422),
        (b"", 422),
        (b"[" * 5000, 422),
    ):
        answer = client.post(path, body, content_type="application/json")
        assert answer.status_code == status, answer.content
    assert client.post("/exchange/v1/SQD0", good, content_type="application/json").status_code == 404
    assert client.get(path).status_code == 422
    assert client.post(path, b"x" * 300_000, content_type="application/json").status_code == 413
    foreign = client.post(
        path, good, content_type="application/json", headers={"Origin": "https://x.example"}
    )
    assert foreign.status_code == 403
    assert not Exchange.objects.exists()
    assert client.post(path, good, content_type="application/json").status_code == 200
    replayed = client.post(path, good, content_type="application/json")
    assert replayed.status_code == 409 and Exchange.objects.count() == 1


def test_clocks_that_go_wrong(world: World, grant: Grant, client: Client) -> None:
    ours, terms = program(world, client), terms_of(grant)
    path = f"/exchange/v1/{grant.number}"
    for offset, status in ((-600, 409), (+120, 409), (-200, 200), (+30, 200)):
        ours.now = lambda offset=offset: NOW + timedelta(seconds=offset)  # type: ignore[misc]
        body = wire(ours.sign(terms, FIELDS, None, "", b""))
        assert client.post(path, body, content_type="application/json").status_code == status


def test_a_revoked_key_counts_no_more(world: World, grant: Grant, client: Client) -> None:
    ours, terms = program(world, client), terms_of(grant)
    ours.query(terms, FIELDS, _by_number(1))
    actions.revoke_key(
        world.consumer, party="jn-market", key=core.key_name(ours.signer.public_der), reason="私钥遗失"
    )
    with pytest.raises(ExchangeRefused) as refused:
        ours.query(terms, FIELDS, _by_number(1))
    assert refused.value.status == 403
    assert Exchange.objects.count() == 1


def test_quota_rate_and_end(world: World, client: Client) -> None:
    small = granted(world, give=given(calls_per_day=2, rate_per_second=1.0))
    ours, terms = program(world, client), terms_of(small)
    ours.query(terms, FIELDS, _by_number(1))
    ours.query(terms, FIELDS, _by_number(2))
    with pytest.raises(ExchangeRefused) as fast:
        ours.query(terms, FIELDS, _by_number(3))
    assert fast.value.status == 429
    with clock.at(NOW + timedelta(seconds=30)), pytest.raises(ExchangeRefused) as much:
        ours.query(terms, FIELDS, _by_number(3))
    assert much.value.status == 429 and "用完" in much.value.reason
    with clock.at(NOW + timedelta(days=1, seconds=30)):
        assert ours.query(terms, FIELDS, _by_number(3)).rows
    actions.advance(world.consumer, number=small.request.number, deed="confirm")
    actions.advance(world.provider, number=small.request.number, deed="withdraw", reason="用途已结束")
    with clock.at(NOW + timedelta(days=1, seconds=60)), pytest.raises(ExchangeRefused) as ended:
        ours.query(terms, FIELDS, _by_number(3))
    assert "撤回" in ended.value.reason


def test_rows_are_narrowed_by_both(world: World, client: Client) -> None:
    only = {"op": "eq", "field": "district", "text": "370102"}
    narrow = granted(world, give=given(condition=only))
    ours, terms = program(world, client), terms_of(narrow)
    rows = ours.query(terms, ("district",), Comparison("age", Operator.GE, 80)).rows
    assert rows and {row["district"] for row in rows} == {"370102"}


def test_the_ledger_stops_when_stamping_is_late(world: World, grant: Grant, client: Client) -> None:
    ours, terms = program(world, client), terms_of(grant)
    ours.query(terms, FIELDS, _by_number(1))
    for seconds, status in ((700, None), (1000, 503)):
        ledger.intake.forget()
        with clock.at(NOW + timedelta(seconds=seconds)):
            state = actions.warn_ledger(SYSTEM.with_key(None))
            del state
            if status is None:
                ours.query(terms, FIELDS, _by_number(1))
            else:
                with pytest.raises(ExchangeRefused) as stopped:
                    ours.query(terms, FIELDS, _by_number(1))
                assert stopped.value.status == status
                assert actions.stamp_waiting(SYSTEM) == 2
                ledger.intake.forget()
                assert ours.query(terms, FIELDS, _by_number(1)).rows


def test_stamps_are_a_chain(world: World, grant: Grant, client: Client) -> None:
    ours, terms = program(world, client), terms_of(grant)
    for number in range(5):
        ours.query(terms, FIELDS, _by_number(number))
    assert [actions.stamp_waiting(SYSTEM, most=2) for _ in range(4)] == [2, 2, 1, 0]
    rows = Exchange.objects.select_related("stamp").order_by("id")
    for row in rows:
        pair = [queries.evidence(world.bureau.actor, row.pk, side) for side in ("consumer", "provider")]
        assert core.verify_files(*pair, keyring.trusted()).valid
    stamps = [ledger.stamp_of(row.stamp) for row in rows if row.place == 0]
    assert [one.previous for one in stamps] == [core.FIRST, stamps[0].digest, stamps[1].digest]


def test_another_partys_grant_is_not_there(world: World, grant: Grant, client: Client) -> None:
    terms = terms_of(grant)
    actions.register_party(world.other, department="jn-tax")
    signer = keyring.signer_of(queries.party(world.other.actor, "jn-tax"), NOW)
    theirs = replace(
        program(world, client),
        signer=signer,
        party=core.Party("jn-tax", queries.party(officer("jn-tax", 13), "jn-tax").text),
    )
    with pytest.raises(ExchangeRefused) as refused:
        theirs.query(terms, FIELDS)
    assert refused.value.status == 404
