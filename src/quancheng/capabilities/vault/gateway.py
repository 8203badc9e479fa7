"""网关: signed requests of recipients, and what they are answered."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quancheng.capabilities.vault import actions, proofs, subjects
from quancheng.capabilities.vault.models import DataRequest, EntryRow, Objection, Recipient, RecipientKey, Use
from quancheng.capabilities.vault.refusing import error_of, told
from quancheng.core.keys import from_jwk
from quancheng.core.text import Text
from quancheng.core.vault import Kind, Reason, State, VaultFault, digest, kid_of, read_entry, verify_message
from quancheng.core.vault.objection import ObjectionState
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose signature holds."""

    recipient: Recipient
    key: str
    body: bytes
    digest: bytes

    @property
    def call(self) -> Call:
        """A deed of the platform on this recipient's request."""
        name = f"recipient:{self.recipient.code}"
        return Call(Actor(ActorKind.SYSTEM, name, module="vault", simulated=self.recipient.simulated))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the body, hex."""
        return hashlib.sha256(self.body).hexdigest()

    def json(self) -> Mapping[str, Any]:
        """The body's members. Raises InvalidInput."""
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise InvalidInput(Text("正文应为 JSON 对象。", "The body must be a JSON object."))
        return said


def authenticate(header: str, body: bytes, *, method: str, path: str) -> Signed:
    """Who asks. Raises NotSignedIn (no such key, signature does not hold), Conflict (clock), InvalidInput."""
    with told():
        kid = kid_of(header)
        key = RecipientKey.objects.select_related("recipient").filter(kid=kid, revoked_at=None).first()
        if key is None:
            raise VaultFault(Reason.UNKNOWN_KEY)
        drift = rulebook.find("vault.clock_seconds").integer()
        envelope = verify_message(
            header, body, [from_jwk(key.jwk)], method=method, path=path, now=int(clock.now().timestamp()),
            drift=drift,
        )  # fmt: skip
    if len(envelope.jti) > 80:
        raise error_of(VaultFault(Reason.MALFORMED, "jti"))
    return Signed(key.recipient, envelope.jti, body, digest(header, body))


def ask(signed: Signed) -> dict[str, Any]:
    """A request for data. Raises InvalidInput, Forbidden, TooMany, Conflict."""
    said = signed.json()
    purpose, basis = _words(said, "purpose"), _words(said, "basis")
    until = _time(said, "until")
    if until is None:
        raise _wrong("until", Text("须写明截止时间。", "The end is needed."))
    asker = signed.recipient
    holder, person_id = subjects.find(said.get("subject"), asker=asker.text.zh, purpose=purpose)
    wanted = actions.Wanted(
        holder, purpose, basis, _items(said), _words(said, "mode"), until, _time(said, "answer_by"), signed.key,
        signed.fingerprint, signed.digest,
    )  # fmt: skip
    row = actions.make_request(signed.call, recipient=asker, person_id=person_id, wanted=wanted)
    return {
        "number": row.number, "state": State.ASKED.value, "answer_by": row.answer_by.astimezone(UTC).isoformat(),
        "salt": base64.b64encode(bytes(row.salt)).decode(), "entry": _entry(row, Kind.ASKED),
    }  # fmt: skip


def state(signed: Signed, number: str) -> dict[str, Any]:
    """Where a request stands; with the grant or the refusal when there is one. Raises NotFound."""
    row = _own(signed, number)
    refused = _entry(row, Kind.REFUSED)
    reason = read_entry(refused.encode()).body["reason"] if refused else None
    return {
        "number": row.number, "state": row.state.value, "uses": row.uses, "grant": _entry(row, Kind.GRANTED),
        "reason": reason,
    }  # fmt: skip


def use(signed: Signed, number: str) -> dict[str, Any]:
    """Use a grant. Raises NotFound, Forbidden, InvalidInput, Conflict."""
    row, said = _own(signed, number), signed.json()
    asking = actions.Asking(
        _words(said, "purpose"), _items(said), signed.key, signed.fingerprint, signed.digest
    )
    used = actions.use_grant(signed.call, request=row, recipient=signed.recipient, asking=asking)
    return answer(used)


def answer(used: Use) -> dict[str, Any]:
    """The answer to a use, the same for a repeated one; facts only while they may still be given."""
    row = DataRequest.objects.select_related("recipient", "grant").get(pk=used.request_id)
    stopped = row.state is State.WITHDRAWN or row.recipient.standing != Recipient.Standing.ACTIVE
    return {
        "number": used.number, "facts": None if stopped else used.facts, "withheld": stopped or used.facts is None,
        "salt": base64.b64encode(bytes(used.salt)).decode(),
        "receipt": bytes(used.entry.receipt.data).decode(),
    }  # fmt: skip


def countersign(signed: Signed, number: str) -> dict[str, Any]:
    """Keep the recipient's signature. Raises NotFound, InvalidInput."""
    used = _used(signed, number)
    data = _words(signed.json(), "receipt").encode()
    kept = actions.countersign_use(signed.call, used=used, recipient=signed.recipient, data=data)
    return {"number": used.number, "receipt": bytes(kept.data).decode()}


def proof(signed: Signed, number: str) -> dict[str, Any]:
    """Proof that a use was allowed. Raises NotFound."""
    return proofs.of(_used(signed, number))


def notices(signed: Signed) -> dict[str, Any]:
    """Repairs of facts this recipient was given, told by reading them; for those without a callback."""
    code, found = signed.recipient.code, []
    for row in (
        Objection.objects.filter(state=ObjectionState.REPAIRED.value).select_related("item").order_by("pk")
    ):
        if code in row.receivers and code not in row.told:
            actions.tell_receiver(signed.call, objection=row, whom=code)
            found.append({"kind": "repaired", "objection": row.number, "item": row.item.code})
    return {"notices": found}


def _own(signed: Signed, number: str) -> DataRequest:
    rows = DataRequest.objects.filter(number=number, recipient=signed.recipient)
    found: DataRequest | None = rows.select_related("recipient", "grant").first()
    if found is None:
        raise NotFound()
    return found


def _used(signed: Signed, number: str) -> Use:
    rows = Use.objects.filter(number=number, recipient=signed.recipient)
    found: Use | None = rows.select_related("request", "entry__receipt").first()
    if found is None:
        raise NotFound()
    return found


def _entry(row: DataRequest, kind: Kind) -> str | None:
    found: EntryRow | None = row.entries.filter(kind=kind.value).first()
    return bytes(found.data).decode() if found else None


def _words(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str):
        raise _wrong(name, Text("应为文字。", "It must be a string."))
    return value


def _items(said: Mapping[str, Any]) -> list[str]:
    value = said.get("items")
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or len(value) > 100:
        raise _wrong("items", Text("应为数据项代码的列表。", "It must be a list of item codes."))
    return value


def _time(said: Mapping[str, Any], name: str) -> datetime | None:
    value = said.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(name, Text("时间应为带时区的 ISO 8601。", "A time is ISO 8601 with its zone."))
    return moment


def _wrong(name: str, text: Text) -> InvalidInput:
    return InvalidInput(text, fields={name: text})
