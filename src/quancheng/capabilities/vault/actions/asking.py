"""Requests of recipients."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quancheng.capabilities.vault import threads, trusted
from quancheng.capabilities.vault.models import DataRequest, Item, Recipient
from quancheng.capabilities.vault.refusing import told
from quancheng.core.text import Text
from quancheng.core.vault import Asked, Mode, Reason, VaultFault, ask, commit_holder
from quancheng.core.vault import Item as Named
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, TooMany


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a recipient asks. ``holder`` is what it said of the person: number, or code; it is only committed to."""

    holder: str
    purpose: str
    basis: str
    items: Sequence[str]
    mode: str
    until: datetime
    answer_by: datetime | None
    key: str
    body: str
    """SHA-256 of the body, hex: the same key with another body is a conflict."""
    request: bytes
    """SHA-256 over signature and body."""


@action("vault.request.make", idempotent=False)
def make_request(call: Call, *, recipient: Recipient, person_id: int | None, wanted: Wanted) -> DataRequest:
    """提出数据请求. ``person_id`` None: nobody fits; the request is made all the same and lapses.

    The same key again is the same request. Raises Forbidden (suspended), InvalidInput, TooMany, Conflict.
    """
    access.require(call.actor, "ask", DataRequest)
    asker = Recipient.objects.select_for_update().get(pk=recipient.pk)
    earlier = DataRequest.objects.filter(recipient=asker, key=wanted.key).first()
    if earlier is not None:
        return _same(earlier, wanted.body)
    if asker.standing != Recipient.Standing.ACTIVE:
        raise Forbidden(Reason.SUSPENDED.text, extra={"reason": Reason.SUSPENDED.value})
    now = clock.now()
    _not_too_often(asker, now)
    asked, salt = _asked(asker, wanted, now)
    row = DataRequest(
        number=f"VR{now.astimezone(clock.LOCAL):%Y%m%d}-{secrets.token_hex(5)}", recipient=asker, person_id=person_id,
        key=wanted.key, body=wanted.body, salt=salt, purpose=asked.purpose, basis=asked.basis,
        items=[{"code": one.code, **one.name.to_dict()} for one in asked.items], mode=asked.mode.value,
        until=asked.until, answer_by=asked.answer_by, made_at=now, at=now,
        simulated=asker.simulated or call.actor.simulated,
    )  # fmt: skip
    with told():
        thread, entry = ask(trusted.city(), row.number, asked, now)
    row.head = thread.head
    row.save()
    threads.begin(row, entry)
    audit.note(
        number=row.number,
        recipient=asker.code,
        items=[one.code for one in asked.items],
        purpose=asked.purpose,
    )
    data = {
        "number": row.number, "recipient": asker.name, "person_id": person_id, "items": len(asked.items),
        "simulated": row.simulated,
    }  # fmt: skip
    events.emit("vault.request.made", row.number, data)
    return row


def _same(earlier: DataRequest, body: str) -> DataRequest:
    if earlier.body != body:
        raise Conflict(
            Text("同一个编号已用于另一份请求。", "The same key was already used for another request.")
        )
    return earlier


def _not_too_often(asker: Recipient, now: datetime) -> None:
    most = rulebook.find("vault.requests_per_minute").integer()
    since = now - timedelta(minutes=1)
    if DataRequest.objects.filter(recipient=asker, made_at__gt=since).count() >= most:
        raise TooMany(extra={"retry_after_seconds": 60})


def _asked(asker: Recipient, wanted: Wanted, now: datetime) -> tuple[Asked, bytes]:
    wrong: dict[str, Text] = {}
    for name, said in (("purpose", wanted.purpose), ("basis", wanted.basis)):
        if not 2 <= len(said.strip()) <= 200:
            wrong[name] = Text("请写明，2至200字。", "Say it in 2 to 200 characters.")
    known = {one.code: one for one in Item.objects.filter(code__in=list(wanted.items), active=True)}
    if not wanted.items or set(wanted.items) != set(known) or len(known) != len(wanted.items):
        wrong["items"] = Text("数据项须在目录中且不重复。", "Items must be in the catalogue, each once.")
    if wanted.mode not in set(Mode):
        wrong["mode"] = Text("使用方式为 once 或 period。", "The mode is once or period.")
    latest = now + timedelta(days=rulebook.find("vault.longest_days").integer())
    if not now < wanted.until <= latest:
        wrong["until"] = Text("截止时间须在将来且不超过最长期限。", "The end must be in the future, within the longest period.")  # fmt: skip
    if wrong:
        raise InvalidInput(fields=wrong)
    by = now + timedelta(days=rulebook.find("vault.answer_days").integer())
    salt = threads.new_salt()
    named = tuple(Named(code, known[code].text) for code in wanted.items)
    try:
        holder = commit_holder(salt, wanted.holder)
    except VaultFault as fault:
        raise InvalidInput(fault.text) from fault
    return Asked(
        asker.code, asker.text, holder, wanted.purpose.strip(), wanted.basis.strip(), named, Mode(wanted.mode),
        wanted.until, min(wanted.answer_by or by, by, wanted.until), wanted.request,
    ), salt  # fmt: skip
