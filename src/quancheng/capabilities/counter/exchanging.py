"""跨城协作: the writers of exchanges with partner cities, exported by ``actions``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db.models import F

from quancheng.capabilities.counter import partner_client
from quancheng.capabilities.counter.models import Exchange, Letter, Partner
from quancheng.capabilities.counter.partner_client import TRANSITIONS, BadMessage, Message
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput
from quancheng.kernel.keyfile import load_or_make

DELIVER = "counter.deliver"


def own_key() -> Ed25519PrivateKey:
    """The city's key for messages to partners."""
    return load_or_make(Path(settings.HOME) / "keys" / "crossing.pem")


def own_code() -> str:
    """The city's name in messages: its region code."""
    return rulebook.city_region()


@action("counter.partner.register", idempotent=False)
def register_partner(call: Call, *, content: Mapping[str, Any]) -> Partner:
    """协作城市入库; numbers already used are kept. Raises Forbidden."""
    access.require(call.actor, "register", Partner)
    values = {key: value for key, value in content.items() if key != "code"}
    partner, made = Partner.objects.update_or_create(code=content["code"], defaults=values)
    audit.note(partner=partner.code, new=made)
    return partner


@action("counter.exchange.offer")
def offer_exchange(
    call: Call, *, partner: Partner, matter: str, person: Any, content: Mapping[str, Any]
) -> Exchange:
    """异地代收: offer a partner city an application received here. Only what the matter needs is sent.

    Raises Forbidden, InvalidInput (the partner does not take this matter), Conflict (not connected).
    """
    access.require(call.actor, "offer", Exchange)
    if matter not in partner.matters:
        wrong = Text(
            f"{partner.text.zh}没有开放这个事项的跨城通办。", f"{partner.text.en} does not take this matter."
        )
        raise InvalidInput(wrong, fields={"matter": wrong})
    if not (partner.active and partner.address and partner.public_key):
        raise Conflict(
            Text(f"与{partner.text.zh}的接口还没有开通。", f"{partner.text.en} is not connected yet."),
            todo=Text("请按线下协作流程邮寄材料。", "Send the papers by the offline procedure."),
        )
    exchange: Exchange = Exchange.objects.create(
        reference=f"{own_code()}-{uuid.uuid4().hex}", partner=partner, outgoing=True, state="offered",
        matter=matter, applicant=person.name, content=dict(content), user_id=call.actor.user_id,
        person_id=person.pk, created_at=call.at, updated_at=call.at, simulated=call.actor.simulated,
    )  # fmt: skip
    body = {"matter": matter, "applicant": {"name": person.name, "id_number": person.id_number}, **content}
    _write(call, exchange, "offer", body)
    audit.note(partner=partner.code, exchange=exchange.reference, matter=matter)
    _tell(exchange)
    return exchange


@action("counter.exchange.decide")
def decide_exchange(call: Call, *, exchange: Exchange, kind: str, note: str = "") -> Exchange:
    """答复跨城申请: accept, refuse (with a reason), deciding, decided. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "decide", exchange)
    current: Exchange = (
        Exchange.objects.select_for_update(of=("self",)).select_related("partner").get(pk=exchange.pk)
    )
    if kind in {"refuse", "decided"} and not note.strip():
        wrong = Text("请写明理由或结果", "State the reason or the result")
        raise InvalidInput(wrong, fields={"note": wrong})
    target = TRANSITIONS.get(current.state, {}).get(kind)
    if target is None or current.outgoing:
        raise Conflict(
            Text("这个跨城办件现在不能这样答复。", "This exchange cannot be answered so now."),
            extra={"state": current.state},
        )
    current.state, current.note, current.updated_at = target, note.strip()[:500], call.at
    current.save()
    _write(call, current, kind, {"note": current.note})
    audit.note(exchange=current.reference, kind=kind)
    _tell(current)
    return current


@action("counter.letter.accept", idempotent=False)
def accept_letter(call: Call, *, partner: Partner, payload: str, message: Message) -> Letter:
    """收报文: a message with a genuine signature, once. The same id again gives the first receipt.

    Raises Conflict: another content under the same id, a gap in the sequence (``expected``), a step
    that does not follow; InvalidInput: not for us.
    """
    access.require(call.actor, "accept", Letter)
    locked: Partner = Partner.objects.select_for_update().get(pk=partner.pk)
    audit.note(partner=partner.code, message=message.id, kind=message.kind)
    earlier: Letter | None = Letter.objects.filter(
        partner=locked, outgoing=False, message_id=message.id
    ).first()
    if earlier is not None:
        if earlier.body != payload:
            raise Conflict(Text("同一报文编号，内容不同。", "The same id with other content."))
        return earlier
    if message.recipient != own_code() or message.sender != locked.code:
        raise InvalidInput(Text("报文不是发给本市的。", "The message is not for this city."))
    if message.sequence != locked.received + 1:
        expected = locked.received + 1
        raise Conflict(
            Text(f"序号应为{expected}。", f"The sequence number should be {expected}."),
            extra={"expected": expected},
        )
    exchange = _taken(call, locked, message)
    locked.received = message.sequence
    locked.save(update_fields=["received"])
    receipt = partner_client.receipt_for(payload, message, call.at.isoformat(), own_key())
    letter: Letter = Letter.objects.create(
        partner=locked, exchange=exchange, message_id=message.id, outgoing=False, sequence=message.sequence,
        kind=message.kind, body=payload, receipt=receipt, at=call.at, delivered_at=call.at,
    )  # fmt: skip
    _tell(exchange)
    return letter


@action("counter.letter.deliver", idempotent=False)
def deliver_letter(call: Call, *, letter: Letter, receipt: str = "", problem: str = "") -> Letter:
    """记录送达 or why not. Raises Forbidden."""
    access.require(call.actor, "deliver", Letter)
    current: Letter = Letter.objects.select_for_update().get(pk=letter.pk)
    if current.delivered_at is None:
        current.attempts += 1
        current.problem = problem[:300]
        if receipt:
            current.receipt, current.delivered_at = receipt, call.at
        current.save()
    audit.note(letter=current.message_id, delivered=bool(receipt), problem=problem[:200])
    return current


def _write(call: Call, exchange: Exchange, kind: str, body: Mapping[str, Any]) -> Letter:
    """Queue one signed message in the partner's sequence, in the caller's transaction."""
    partner = exchange.partner
    Partner.objects.filter(pk=partner.pk).update(sent=F("sent") + 1)
    partner.refresh_from_db(fields=["sent"])
    message = Message(
        uuid.uuid4().hex, own_code(), partner.code, partner.sent, call.at.isoformat(), kind,
        exchange.reference, dict(body),
    )  # fmt: skip
    letter: Letter = Letter.objects.create(
        partner=partner, exchange=exchange, message_id=message.id, outgoing=True, sequence=message.sequence,
        kind=kind, body=partner_client.seal(message.payload(), own_key()), at=call.at,
    )  # fmt: skip
    jobs.enqueue(DELIVER, {"partner": partner.code}, key=f"{DELIVER}:{message.id}")
    return letter


def _taken(call: Call, partner: Partner, message: Message) -> Exchange:
    if message.kind == "offer":
        return _offered(call, partner, message)
    found: Exchange | None = Exchange.objects.filter(
        partner=partner, reference=message.exchange, outgoing=True
    ).first()
    target = TRANSITIONS.get(found.state, {}).get(message.kind) if found else None
    if found is None or target is None:
        raise Conflict(
            Text("没有可以这样答复的跨城办件。", "There is no exchange this can answer."),
            extra={"state": found.state if found else "unknown"},
        )
    found.state, found.updated_at = target, call.at
    found.note = str(message.body.get("note") or "")[:500]
    found.save()
    return found


def _offered(call: Call, partner: Partner, message: Message) -> Exchange:
    who = message.body.get("applicant")
    matter = str(message.body.get("matter") or "")[:60]
    if not isinstance(who, dict) or not str(who.get("name") or "").strip() or matter not in partner.matters:
        raise InvalidInput(
            Text("申请缺少申请人或事项不可通办。", "No applicant, or the matter is not exchanged.")
        )
    if Exchange.objects.filter(reference=message.exchange).exists():
        raise Conflict(Text("这个跨城编号已经用过。", "This exchange is known already."))
    made: Exchange = Exchange.objects.create(
        reference=message.exchange, partner=partner, outgoing=False, state="offered", matter=matter,
        applicant=str(who["name"]).strip()[:120], content=dict(message.body), created_at=call.at,
        updated_at=call.at, simulated=partner.simulated,
    )  # fmt: skip
    return made


def _tell(exchange: Exchange) -> None:
    events.emit(
        "counter.exchange.moved",
        exchange.reference,
        {
            "exchange": exchange.reference, "partner": exchange.partner.name, "state": exchange.state,
            "matter": exchange.matter, "person_id": exchange.person_id, "user_id": exchange.user_id,
            "note": exchange.note, "simulated": exchange.simulated,
        },
    )  # fmt: skip


def accepted_body(body: bytes, public: str) -> tuple[str, Message]:
    """Payload and message of a request's body; raises BadMessage."""
    payload = partner_client.unseal(body, public)
    return payload, partner_client.read(payload)


__all__ = [
    "BadMessage", "accept_letter", "accepted_body", "decide_exchange", "deliver_letter", "offer_exchange",
    "own_code", "own_key", "register_partner",
]  # fmt: skip
