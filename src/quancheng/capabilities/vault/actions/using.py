"""Uses: facts, entry, receipt and chain in one transaction; once for each key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from quancheng.capabilities.vault import readers, threads, trusted
from quancheng.capabilities.vault.models import DataRequest, Item, ReceiptRow, Recipient, Use
from quancheng.capabilities.vault.refusing import told
from quancheng.core.text import Text
from quancheng.core.vault import Reason, Used, VaultFault, commit_facts, read_receipt, use, verify_receipt
from quancheng.core.vault import Recipient as Standing
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict


@dataclass(frozen=True, slots=True)
class Asking:
    """A signed request for a use."""

    purpose: str
    items: Sequence[str]
    key: str
    body: str
    """SHA-256 of the body, hex."""
    request: bytes
    """SHA-256 over signature and body."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read before the transaction: it is given only if the use is then still allowed."""

    facts: dict[str, str | None]
    salt: bytes


def _prepare(call: Call, *, request: DataRequest, recipient: Recipient, asking: Asking) -> _Read:
    salt = threads.new_salt()
    given = request.live_grant
    if given is None or request.person_id is None or not set(asking.items) <= set(given.items):
        return _Read({}, salt)  # the core refuses inside, with its reason
    items = Item.objects.filter(code__in=list(asking.items)).select_related("source")
    return _Read(readers.facts(request.person_id, items), salt)


@action("vault.use.make", idempotent=False, prepare=_prepare)
def use_grant(
    call: Call, *, request: DataRequest, recipient: Recipient, asking: Asking, prepared: _Read
) -> Use:
    """使用授权. The same key again is the same use, counted once. Raises Forbidden, InvalidInput, Conflict.

    Facts were read before; here, under the locks, it is judged again. A withdrawal or suspension that was
    written first wins.
    """
    access.require(call.actor, "use", DataRequest)
    asker = Recipient.objects.select_for_update().get(pk=recipient.pk)
    row = threads.locked(request.pk)
    earlier = Use.objects.filter(recipient=asker, key=asking.key).select_related("request").first()
    if earlier is not None:
        return _same(earlier, row, asking)
    if row.recipient_id != asker.pk:
        raise Conflict(Reason.RECIPIENT.text, extra={"reason": Reason.RECIPIENT.value})
    used = Used(
        f"{row.number}-U{row.uses + 1}", tuple(asking.items), commit_facts(prepared.salt, prepared.facts),
        asking.request,
    )  # fmt: skip
    suspended = asker.standing != Recipient.Standing.ACTIVE
    who = Standing(asker.code, asker.text, suspended=suspended)
    with told():
        entry = threads.advance(
            row,
            lambda thread: use(
                thread, recipient=who, purpose=asking.purpose, used=used, at=threads.moment(row)
            ),
        )
    assert row.person_id is not None
    made = Use.objects.create(
        number=used.number, request=row, recipient=asker, person_id=row.person_id, key=asking.key, body=asking.body,
        entry=entry, items=[one for one in row.items if one["code"] in used.items], salt=prepared.salt,
        facts=prepared.facts, at=entry.at, simulated=row.simulated,
    )  # fmt: skip
    audit.note(number=used.number, recipient=asker.code, items=list(used.items), purpose=asking.purpose)
    data = {
        "number": used.number, "request": row.number, "recipient": asker.name, "person_id": row.person_id,
        "items": len(used.items), "simulated": row.simulated,
    }  # fmt: skip
    events.emit("vault.use.made", used.number, data)
    return made  # type: ignore[no-any-return]


def _same(earlier: Use, row: DataRequest, asking: Asking) -> Use:
    if earlier.request_id != row.pk or earlier.body != asking.body:
        raise Conflict(Text("同一个编号已用于另一次使用。", "The same key was already used for another use."))
    return earlier


@action("vault.use.countersign", idempotent=False)
def countersign_use(call: Call, *, used: Use, recipient: Recipient, data: bytes) -> ReceiptRow:
    """会签: keep the recipient's signature on the receipt; the first that holds stays.

    Raises Forbidden, InvalidInput (another receipt, or a signature that does not hold).
    """
    access.require(call.actor, "use", DataRequest)
    kept: ReceiptRow = ReceiptRow.objects.select_for_update().get(entry=used.entry_id)
    if kept.countersigned_at is not None:
        return kept
    with told():
        given, ours = read_receipt(data), read_receipt(bytes(kept.data))
        if (given.entry, given.city) != (ours.entry, ours.city) or used.recipient_id != recipient.pk:
            raise VaultFault(Reason.MALFORMED, "another receipt")
        keys = trusted.recipient_keys(recipient.code)
        verify_receipt(given, city=trusted.city_keys(), recipient=keys)
    kept.data, kept.countersigned_at = data, clock.now()
    kept.save(update_fields=["data", "countersigned_at"])
    audit.note(number=used.number)
    return kept


@action("vault.facts.forget", idempotent=False)
def forget_facts(call: Call) -> int:
    """遗忘应答内容 after the time in which an answer may be repeated; receipts stay. Returns how many."""
    access.require(call.actor, "forget", Use)
    hours = rulebook.find("vault.answer_kept_hours").integer()
    old = Use.objects.filter(facts__isnull=False, at__lte=clock.now() - timedelta(hours=hours))
    count: int = old.update(facts=None)
    audit.note(count=count)
    return count
