"""演示数据 (模拟): a bank and a bureau as recipients; the young mother with an open request, grants, uses, an objection."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.vault import actions, queries, readers
from quancheng.capabilities.vault.bank_component import CODE, key, port
from quancheng.capabilities.vault.bank_peer import BASIS, CALLBACK, PURPOSE
from quancheng.capabilities.vault.models import DataRequest, Item, Recipient
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.core.vault import Envelope, countersign, digest, read_receipt, sign_message, write_receipt
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

BUREAU = "jn-housing-sim"
_HOME_ITEMS = ("name", "id-number", "address")


def seed(city: Any, random: Any) -> str | None:
    """Once: two recipients; requests, grants, uses and an objection of the demo citizens."""
    if Recipient.objects.filter(code=CODE).exists():
        return None
    keys = {CODE: key(), BUREAU: _bureau_key()}
    with clock.at(clock.now() - timedelta(days=40)):
        bank = _recipient(
            CODE, {"zh": "泉城示范银行（模拟）", "en": "Model Bank (simulated)"}, "bank", keys[CODE]
        )
        bureau = _recipient(
            BUREAU,
            {"zh": "公租房资格审核（模拟）", "en": "Public rental review (simulated)"},
            "department",
            keys[BUREAU],
        )
    users = {
        one.demo_key: one for one in get_user_model().objects.exclude(demo_key=None).exclude(person=None)
    }
    young, elder = users.get("citizen-young"), users.get("citizen-elder")
    uses = _past_of(young, bank, bureau, keys) if young is not None else 0
    for user in (young, elder):
        if user is not None:
            _ask(
                bank,
                keys[CODE],
                user.person_id,
                PURPOSE,
                ("name", "id-number", "address", "household-size"),
                "once",
            )
    return f"2个使用方,{DataRequest.objects.count()}份数据请求,{uses}次使用"


def _recipient(code: str, name: dict[str, str], kind: str, signing: MemoryKey) -> Recipient:
    call = Call.system("vault", simulated=True)
    unit = None
    if kind == "department":
        try:
            unit = people.department("jn-data").pk
        except NotFound:
            kind = "firm"
    callback = f"http://127.0.0.1:{port()}{CALLBACK}" if code == CODE else ""
    row = actions.propose_recipient(
        call,
        code=code,
        name=name,
        kind=kind,
        jwk=to_jwk(signing.public),
        callback=callback,
        department_id=unit,
    )
    return actions.approve_recipient(call, recipient=row)


def _bureau_key() -> MemoryKey:
    """A lasting key from the city's own secret."""
    return MemoryKey.from_private(
        Algorithm.EDDSA, hashlib.sha256(f"{settings.SECRET_KEY}:{BUREAU}".encode()).digest()
    )


def _past_of(user: Any, bank: Recipient, bureau: Recipient, keys: dict[str, MemoryKey]) -> int:
    """A loan of last month, a running review, a grant withdrawn, and an objection."""
    now, citizen, uses = clock.now(), people.user_actor(user), 0
    with clock.at(now - timedelta(days=33)):
        loan = _ask(bank, keys[CODE], user.person_id, "信用卡申请审查", ("name", "id-number"), "once")
    with clock.at(now - timedelta(days=33) + timedelta(hours=2)):
        _grant(citizen, loan, ("name", "id-number"), "once", 3)
    with clock.at(now - timedelta(days=33) + timedelta(hours=3)):
        uses += _use(bank, keys[CODE], loan, ("name", "id-number"))
    with clock.at(now - timedelta(days=20)):
        review = _ask(
            bureau,
            keys[BUREAU],
            user.person_id,
            "公租房资格年度审核",
            (*_HOME_ITEMS, "household-size"),
            "period",
        )
        _grant(citizen, review, (*_HOME_ITEMS, "household-size"), "period", 29)
    for days in (15, 3):
        with clock.at(now - timedelta(days=days)):
            uses += _use(bureau, keys[BUREAU], review, _HOME_ITEMS)
    with clock.at(now - timedelta(days=12)):
        other = _ask(bank, keys[CODE], user.person_id, "理财产品推荐", ("phone", "household-size"), "period")
        _grant(citizen, other, ("household-size",), "period", 29)
    with clock.at(now - timedelta(days=11)):
        actions.withdraw_grant(Call(citizen), request=DataRequest.objects.get(pk=other.pk))
    with clock.at(now - timedelta(days=2)):
        _object(citizen)
    return uses


def _ask(
    asker: Recipient, signing: MemoryKey, person_id: int, purpose: str, items: Sequence[str], mode: str
) -> DataRequest:
    person = people.person(Actor.system("vault"), person_id)
    until = clock.now() + timedelta(days=60 if mode == "period" else 30)
    body = json.dumps({"purpose": purpose, "items": list(items)}, ensure_ascii=False).encode()
    made, hashed = _signed(signing, "/vault/v1/requests", body)
    wanted = actions.Wanted(
        person.id_number,
        purpose,
        BASIS,
        items,
        mode,
        until,
        None,
        made,
        hashlib.sha256(body).hexdigest(),
        hashed,
    )
    call = Call.system("vault", simulated=True)
    return actions.make_request(call, recipient=asker, person_id=person_id, wanted=wanted)


def _grant(citizen: Actor, row: DataRequest, items: Sequence[str], mode: str, days: int) -> None:
    until: datetime = min(clock.now() + timedelta(days=days), row.until)
    actions.grant_request(Call(citizen), request=row, items=list(items), mode=mode, until=until)


def _use(asker: Recipient, signing: MemoryKey, row: DataRequest, items: Sequence[str]) -> int:
    fresh = DataRequest.objects.select_related("grant").get(pk=row.pk)
    body = json.dumps({"purpose": row.purpose, "items": list(items)}, ensure_ascii=False).encode()
    made, hashed = _signed(signing, f"/vault/v1/requests/{row.number}/use", body)
    asking = actions.Asking(row.purpose, list(items), made, hashlib.sha256(body).hexdigest(), hashed)
    call = Call.system("vault", simulated=True)
    used = actions.use_grant(call, request=fresh, recipient=asker, asking=asking)
    receipt = countersign(read_receipt(bytes(used.entry.receipt.data)), signing)
    actions.countersign_use(call, used=used, recipient=asker, data=write_receipt(receipt))
    return 1


def _signed(signing: MemoryKey, path: str, body: bytes) -> tuple[str, bytes]:
    """The key and the digest of a message, really signed."""
    jti = uuid.uuid4().hex
    header = sign_message(signing, Envelope(int(clock.now().timestamp()), jti, "POST", path), body)
    return jti, digest(header, body)


def _object(citizen: Actor) -> None:
    """To the first of these that something is held about."""
    assert citizen.person_id is not None
    for code in ("marriage", "insured", "phone"):
        item = Item.objects.filter(code=code, active=True).select_related("source").first()
        if item is not None and readers.facts(citizen.person_id, [item]).get(code):
            actions.file_objection(
                Call(citizen),
                item=queries.item(citizen, code),
                claimed="已变更（模拟）",
                said="与实际情况不符，请核实（模拟）",
            )
            return
