"""订阅的搬运: what changed is packed, what is packed is sent until the consumer has acknowledged it."""

from __future__ import annotations

import json
import urllib.request
from itertools import islice
from typing import Any

from quancheng.capabilities.exchange import actions, ledger, messages, terms
from quancheng.capabilities.exchange.actions.subscribing import changes_shown
from quancheng.capabilities.exchange.models import Subscription
from quancheng.capabilities.tables import queries as tables
from quancheng.core import exchange as core
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import QuanchengError
from quancheng.kernel.store import SnapshotExpired

OPEN = 64
"""Deliveries under way to one consumer at most."""
_TIMEOUT = 10.0
_RECEIPT_BYTES = 64 * 1024


def pack_all(call: Call) -> int:
    """Pack the changes of every running subscription; returns how many deliveries were made."""
    return sum(pack_one(call, pk) for pk in _running())


def _running() -> list[int]:
    rows = Subscription.objects.filter(status=Subscription.Status.ACTIVE, grant__status="active")
    return list(rows.order_by("id").values_list("id", flat=True))


def pack_one(call: Call, pk: int) -> int:
    """Pack what changed since the last time, until the consumer's window is full or nothing is left."""
    made = 0
    while True:
        row = Subscription.objects.select_related("grant__consumer", "grant__provider").get(pk=pk)
        size = terms.tuning(clock.today()).parcel_rows
        version = tables.view(row.grant.table_id).version
        until = row.until or version
        at_rest = until == row.since and not row.fresh
        if (
            at_rest
            or row.last - row.acknowledged >= OPEN
            or not row.grant.valid_from <= clock.now() < row.grant.valid_until
        ):
            return made
        ledger.intake.require(clock.now())
        try:
            stream = tables.changes(row.grant.table_id, row.since, until)
            found = list(islice(stream, row.taken, row.taken + size + 1))
        except SnapshotExpired:
            actions.begin_anew(call, subscription=pk)
            continue
        part, final = found[:size], len(found) <= size
        shown, persons = changes_shown(row.grant, part)
        actions.pack(
            call,
            subscription=pk,
            before=(row.since, row.until, row.taken),
            until=until,
            taken=row.taken + len(part),
            final=final,
            changes=shown,
            persons=persons,
        )
        made += 1


def send_all(call: Call) -> int:
    """Send what is due to every consumer; returns how many deliveries were acknowledged."""
    return sum(send_one(call, pk) for pk in _running())


def send_one(call: Call, pk: int) -> int:
    """Send the due deliveries of one subscription, oldest first; the first failure ends the round."""
    row = Subscription.objects.select_related("grant").get(pk=pk)
    rule = terms.tuning(clock.today()).resend
    waiting = list(row.parcels.filter(acknowledged_at=None).order_by("number")[:OPEN])
    held = {one.number: one for one in waiting}
    sender = core.Sender(
        rule, row.last, tuple(core.Outgoing(o.number, bytes(o.digest), o.attempts, o.next) for o in waiting)
    )
    came = 0
    for number in sender.due(clock.now(), OPEN)[1]:
        one = held[number]
        alone = core.Sender(
            rule, row.last, (core.Outgoing(number, bytes(one.digest), one.attempts, one.next),)
        )
        after = alone.due(clock.now(), 1)[0]
        tried = {number: (after.open[0].attempts, after.open[0].next)}
        try:
            receipt = _delivered(row.endpoint, row.grant.number, number, bytes(one.body), row.last)
        except (OSError, ValueError, KeyError, TypeError) as error:
            stuck = bool(after.given_up())
            actions.sent(
                call,
                subscription=pk,
                tried=tried,
                receipt=None,
                failure=str(error) or "no answer",
                stuck=stuck,
            )
            return came
        came += actions.sent(call, subscription=pk, tried=tried, receipt=receipt)
    return came


def _delivered(endpoint: str, grant: str, number: int, message: bytes, last: int) -> core.Receipt:
    """Send one delivery over HTTP; the answer is the consumer's receipt. Raises OSError, ValueError."""
    request = urllib.request.Request(  # noqa: S310
        endpoint,
        message,
        {"Content-Type": messages.MEDIA_TYPE, "Exchange-Grant": grant, "Exchange-Number": str(number)},
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
        said: Any = json.loads(answer.read(_RECEIPT_BYTES))
    upto, beyond = said["upto"], said.get("beyond", [])
    numbers = [upto, *beyond]
    if not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= last for one in numbers):
        raise ValueError("a receipt for deliveries that do not exist")
    return core.Receipt(upto, frozenset(beyond))


def quietly(work: Any, call: Call) -> int | str:
    """Run one round for a job; what is expected to fail is said, not raised."""
    try:
        return int(work(call))
    except QuanchengError as error:
        return error.detail.zh
