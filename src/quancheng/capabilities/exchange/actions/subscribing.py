"""The writers of subscriptions: changes packed into numbered deliveries, sent until acknowledged."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from quancheng.capabilities.exchange import grants, keyring, messages, standing
from quancheng.capabilities.exchange.actions.exchanges import record_exchange
from quancheng.capabilities.exchange.actions.files import usable
from quancheng.capabilities.exchange.models import Parcel, Subscription
from quancheng.capabilities.tables import queries as tables
from quancheng.core import exchange as core
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound


@action("exchange.subscribe")
def subscribe(call: Call, *, grant: str, endpoint: str) -> Subscription:
    """订阅变更: the whole granted content first, then each change. The same grant again: another address.

    Raises InvalidInput (endpoint), Conflict when the key of the table is not among the plain fields.
    """
    row = usable(call, grant)
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(endpoint) > 300:
        raise InvalidInput(fields={"endpoint": Text("应为 http 或 https 地址", "An http or https address")})
    if not row.allows(core.Mode.SUBSCRIPTION) or not row.table_id:
        raise Conflict(core.Refusal.MODE.text)
    key = tables.view(row.table_id).schema.key
    if hidden := [name for name in key if row.fields.get(name) != core.Mask.KEEP]:
        raise Conflict(
            Text(
                f"订阅需要原值的主键字段：{'、'.join(hidden)}。",
                f"A subscription needs the key fields: {', '.join(hidden)}.",
            )
        )
    found, made = Subscription.objects.get_or_create(
        grant=row, defaults={"endpoint": endpoint, "created_at": call.at, "changed_at": call.at}
    )
    if not made:
        found.endpoint, found.status, found.changed_at = endpoint, Subscription.Status.ACTIVE, call.at
        found.save(update_fields=["endpoint", "status", "changed_at"])
        found.parcels.filter(acknowledged_at=None).update(attempts=0, next=None)
    audit.note(grant=row.number, endpoint=endpoint)
    events.emit(
        "exchange.subscription.changed", row.number, {"grant": row.number, "status": str(found.status)}
    )
    subscription: Subscription = found
    return subscription


@action("exchange.pause_subscription", idempotent=False)
def pause_subscription(call: Call, *, grant: str) -> Subscription:
    """暂停订阅: nothing is lost; what changed meanwhile comes when it is resumed by :func:`subscribe`."""
    row = usable(call, grant)
    found = Subscription.objects.filter(grant=row).first()
    if found is None:
        raise NotFound(Text("没有订阅。", "There is no subscription."))
    found.status, found.changed_at = Subscription.Status.PAUSED, call.at
    found.save(update_fields=["status", "changed_at"])
    audit.note(grant=row.number)
    events.emit("exchange.subscription.changed", row.number, {"grant": row.number, "status": "paused"})
    paused: Subscription = found
    return paused


@action("exchange.pack", idempotent=False)
def pack(
    call: Call,
    *,
    subscription: int,
    before: tuple[int, int, int],
    until: int,
    taken: int,
    final: bool,
    changes: list[dict[str, Any]],
    persons: tuple[str, ...] = (),
) -> Parcel | None:
    """装批: changes become the next numbered delivery, signed, with its evidence.

    ``before`` is ``(since, until, taken)`` as read; when another process was faster, nothing happens.
    ``taken`` changes of the span are packed with this one; ``final``: the span is done.
    """
    row = Subscription.objects.select_for_update(of=("self",)).select_related(
        "grant__consumer", "grant__provider", "grant__counter"
    ).get(pk=subscription)  # fmt: skip
    access.require(call.actor, "publish", row)
    if (row.since, row.until, row.taken) != before or row.status != Subscription.Status.ACTIVE:
        return None
    parcel = _parcel(call, row, until, final, changes, persons) if changes or row.fresh else None
    row.since, row.until, row.taken = (until, 0, 0) if final else (row.since, until, taken)
    row.fresh = row.fresh and parcel is None
    row.changed_at = call.at
    row.save()
    audit.note(grant=row.grant.number, changes=len(changes), version=until)
    return parcel


def _parcel(
    call: Call,
    row: Subscription,
    until: int,
    final: bool,
    changes: list[dict[str, Any]],
    persons: tuple[str, ...],
) -> Parcel:
    number, grant = row.last + 1, row.grant
    taking = standing.taking_for(grant, call.at, core.Mode.SUBSCRIPTION, id=f"{grant.number}-{number}")
    content = {"number": number, "reset": row.fresh, "version": until, "complete": final, "changes": changes}
    answer = messages.answer_to(
        taking.received, f"{grant.number}-{number}-r", call.at, core.Outcome.DELIVERED, len(changes), "",
        messages.encode(content), keyring.signer_of(grant.provider, call.at),
    )  # fmt: skip
    exchange = record_exchange(
        call, taking=taking, answer=answer, outcome=core.Outcome.DELIVERED, rows=len(changes), persons=persons
    )
    row.last = number
    parcel: Parcel = Parcel.objects.create(
        subscription=row, number=number, exchange=exchange, body=messages.wire(answer), digest=answer.digest
    )
    return parcel


@action("exchange.begin_anew", idempotent=False)
def begin_anew(call: Call, *, subscription: int) -> Subscription:
    """从头开始: the versions between are no longer kept, so the consumer gets everything again, and is told so."""
    row: Subscription = Subscription.objects.select_for_update().get(pk=subscription)
    access.require(call.actor, "publish", row)
    row.since, row.until, row.taken, row.fresh, row.changed_at = 0, 0, 0, True, call.at
    row.save()
    audit.note(subscription=subscription)
    return row


@action("exchange.sent", idempotent=False)
def sent(
    call: Call,
    *,
    subscription: int,
    tried: dict[int, tuple[int, datetime | None]],
    receipt: core.Receipt | None,
    failure: str = "",
    stuck: bool = False,
) -> int:
    """登记发送结果: attempts, the consumer's receipt, the failure; acknowledged data is let go. Returns how many came."""
    row: Subscription = Subscription.objects.select_for_update().get(pk=subscription)
    access.require(call.actor, "publish", row)
    for number, (attempts, next) in tried.items():
        row.parcels.filter(number=number, acknowledged_at=None).update(attempts=attempts, next=next)
    came = 0
    if receipt is not None:
        open_ = row.parcels.filter(acknowledged_at=None)
        came = open_.filter(number__lte=receipt.upto).update(acknowledged_at=call.at, body=None)
        came += open_.filter(number__in=receipt.beyond).update(acknowledged_at=call.at, body=None)
        row.acknowledged = max(row.acknowledged, min(receipt.upto, row.last))
    row.failure, row.changed_at = failure[:300], call.at
    if stuck and row.status == Subscription.Status.ACTIVE:
        row.status = Subscription.Status.STUCK
        said = {"grant": row.grant.number, "status": "stuck"}
        events.emit("exchange.subscription.changed", row.grant.number, said)
    row.save()
    audit.note(subscription=subscription, acknowledged=came, failure=failure[:100])
    return came


def changes_shown(grant: Any, found: list[Any]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Row changes as the consumer gets them: what left the granted rows is deleted there; and whom they are about."""
    value = grants.value_of(grant)
    keyed = grants.hash_key(grant.number)
    every = core.Allowed(value.fields, value.condition, None, core.QuotaUse())
    shown: list[dict[str, Any]] = []
    persons: dict[str, None] = {}
    for one in found:
        rows = [] if one.row is None else list(core.deliver(every, [one.row], keyed))
        if rows:
            shown.append({"kind": "upsert", "key": list(one.key), "row": rows[0]})
            if grant.person_field and one.row.get(grant.person_field):
                persons[str(one.row[grant.person_field])] = None
        else:
            shown.append({"kind": "delete", "key": list(one.key)})
    return shown, tuple(persons)
