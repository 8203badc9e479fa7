"""Differences 差异: sent up to the source, decided there, written into the source's table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from quancheng.capabilities.ledgers import base, correcting
from quancheng.capabilities.ledgers.fetching import get
from quancheng.capabilities.ledgers.models import Book, Difference, Returned, Row
from quancheng.capabilities.messages import actions as messages
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput

SOURCE = "ledgers.source"


@action("ledgers.send_differences")
def send_differences(call: Call, *, book: int) -> dict[str, int]:
    """差异上报: everything filled rows say otherwise than the base, to the organs the values come from.

    What waits there already, or was rejected with the same value, is not sent again. Returns how many went to each
    organ (its code). Raises Forbidden, Conflict when there is nothing to send.
    """
    found = get(call, Book, "run", pk=book)
    access.require(call.actor, "send", Difference)
    made = list(correcting.differences_of(call, found))
    if not made:
        raise Conflict(Text("没有新的差异可以上报。", "There is no new difference to send."))
    keep(made)
    counts = count_by_organ(made)
    tell_sources(call, made)
    for organ, number in counts.items():
        data = {"book": found.pk, "organ": organ, "number": number}
        events.emit("ledgers.differences.sent", found.code, data)
    audit.note(book=found.code, sent=counts)
    return counts


def keep(made: Iterable[Difference]) -> None:
    """Write new differences."""
    Difference.objects.bulk_create(list(made), batch_size=500)


def count_by_organ(made: Iterable[Difference]) -> dict[str, int]:
    """How many for each organ's code."""
    counts: dict[str, int] = {}
    for one in made:
        counts[one.organ.code] = counts.get(one.organ.code, 0) + 1
    return counts


def tell_sources(call: Call, made: list[Difference]) -> None:
    """A message to the data officers of each organ."""
    for code, number in count_by_organ(made).items():
        body = Text(
            f"{call.actor}上报{number}条差异，请核实后采纳或说明理由。",
            f"{call.actor} sent {number} differences; accept them or say why not.",
        )
        for user in people.officials(call.actor, SOURCE, department_code=code):
            messages.send_message(
                Call.system("ledgers"), title=Text("有差异待核实", "Differences to decide"), body=body, user_id=user.pk,
                source=f"ledgers:differences:{code}:{call.at:%Y%m%d%H%M%S}", link="/work/differences/",
                simulated=any(one.simulated for one in made),
            )  # fmt: skip


@action("ledgers.decide_difference")
def decide_difference(call: Call, *, difference: int, accept: bool, reason: str = "") -> Difference:
    """核实差异 by the source's data officer. Accepted, it changes the source's table and the ledger shows it.

    Raises Conflict when it is decided already or the source has another value by now, InvalidInput without a reason
    for a rejection or when the row does not fit the table.
    """
    found = get(call, Difference, "decide", pk=difference)
    if found.state != Difference.State.WAITING:
        raise Conflict(Text("这条差异已经核实。", "This difference is decided already."))
    if not accept and not reason.strip():
        raise InvalidInput(fields={"reason": Text("请写明不采纳的理由。", "Say why it is not accepted.")})
    if accept:
        found.version = correcting.write_to_source(found)
        _follow(found)
    found.state = Difference.State.ACCEPTED if accept else Difference.State.REJECTED
    found.decided_by, found.decided_at, found.reason = str(call.actor)[:120], call.at, reason.strip()[:300]
    found.save()
    data = {"difference": found.pk, "accepted": accept, "kind": found.kind, "organ": found.organ.code}
    events.emit("ledgers.difference.decided", f"difference:{found.pk}", data)
    audit.note(difference=found.pk, accepted=accept, table=found.returned.table, version=found.version)
    return found


def _follow(found: Difference) -> None:
    """The ledger's row now agrees with the base."""
    if found.row_id is None:
        return
    row = Row.objects.select_for_update().select_related("book").get(pk=found.row_id)
    if found.kind == Difference.Kind.VALUE:
        row.base = {**row.base, found.column: found.found}
    elif found.kind == Difference.Kind.EXTRA:
        schema = base.schema_of(found.returned)
        row.base_key = base.key_of(schema, correcting.new_row(found, schema))
        row.base = {
            one.name: row.cells.get(one.name, "") for one in row.book.prefilled if row.cells.get(one.name)
        }
    row.differing = correcting.still_differing(row)
    row.save(update_fields=["base", "base_key", "differing"])


def of_comparison(call: Call, returned: Returned, **facts: Any) -> Difference:
    """A difference found by comparing a list with a table; not yet kept."""
    return Difference(
        returned=returned, organ=returned.organ, sent_by=str(call.actor)[:120], sent_at=call.at, **facts
    )
