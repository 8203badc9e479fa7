"""Adding entries to a chain."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from quancheng.kernel import clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit.canonical import clean, detail_text
from quancheng.kernel.audit.hashing import GENESIS, chosen, hasher

if TYPE_CHECKING:
    from quancheng.kernel.audit.models import AuditEntry

MAIN = "main"
STREAM_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Fact:
    """What an entry says, before it has its place in a chain."""

    actor: Actor
    verb: str
    object_ref: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    action: str | None = None
    outcome: str = "done"


def record(
    actor: Actor,
    verb: str,
    object_ref: str = "",
    detail: Mapping[str, Any] | None = None,
    *,
    stream: str = MAIN,
    at: datetime | None = None,
    action: str | None = None,
    outcome: str = "done",
) -> AuditEntry:
    """Append one entry in the current transaction (its own if there is none) and return it.

    The stream's head stays locked until the transaction ends, so write late in it.
    Raises TypeError for a detail JSON cannot say, TooLarge, ValueError for a bad stream name.
    """
    fact = Fact(actor, verb, object_ref, detail or {}, at, action, outcome)
    return record_many([fact], stream=stream)[0]


def record_many(facts: Sequence[Fact], *, stream: str = MAIN) -> list[AuditEntry]:
    """Append entries in order under one lock: the way of high-volume modules."""
    from quancheng.kernel.audit.models import AuditEntry

    if not STREAM_NAME.fullmatch(stream):
        raise ValueError(f"stream {stream!r}: lower-case letters, digits, . _ - (64) 流名不合规")
    entries = [_entry(fact, stream) for fact in facts]
    if not entries:
        return []
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        algorithm, size, last = _locked_head(cursor, stream)
        digest = hasher(algorithm).digest
        for sequence, entry in enumerate(entries, size + 1):
            entry.sequence = sequence
            entry.previous = last
            entry.hash = last = digest(entry.canonical(algorithm).encode()).hex()
        AuditEntry.objects.append(entries)
        cursor.execute(_MOVE_HEAD, [size + len(entries), last, stream])
    return entries


_READ_HEAD = "SELECT algorithm, size, hash FROM audit_stream WHERE name = %s"
_MOVE_HEAD = "UPDATE audit_stream SET size = %s, hash = %s WHERE name = %s"
"""Plain SQL: every action passes here, and building these two queries doubled the time."""


def _locked_head(cursor: CursorWrapper, stream: str) -> tuple[str, int, str]:
    """Algorithm, size and hash of the head, ours alone until the transaction ends.

    PostgreSQL locks the row; on SQLite the transaction already holds the only write lock.
    """
    from quancheng.kernel.audit.models import Stream

    read = _READ_HEAD + (" FOR UPDATE" if connection.features.has_select_for_update else "")
    cursor.execute(read, [stream])
    head = cursor.fetchone()
    if head is None:
        beginning = {"algorithm": chosen().name, "hash": GENESIS}
        Stream.objects.get_or_create(name=stream, defaults=beginning)
        cursor.execute(read, [stream])
        head = cursor.fetchone()
    algorithm, size, last = head
    return algorithm, size, last


def _entry(fact: Fact, stream: str) -> AuditEntry:
    from quancheng.kernel.audit.models import AuditEntry

    actor = fact.actor
    return AuditEntry(
        stream=stream,
        time=(fact.at or clock.now()).astimezone(UTC),
        action=_short(fact.action or "", 120),
        verb=_short(fact.verb, 120),
        object_ref=_short(fact.object_ref, 200),
        outcome=_short(fact.outcome, 32),
        purpose=_short(actor.purpose, 200),
        detail=detail_text(fact.detail),
        user_id=actor.user_id,
        person_id=actor.person_id,
        firm_id=actor.firm_id,
        actor_kind=actor.kind.value,
        actor_name=_short(actor.name, 200),
        module=_short(actor.module, 64),
        roles=",".join(sorted(actor.role_ids)),
        assurance=int(actor.assurance),
        on_behalf_of=_short(actor.extra.get("on_behalf_of", ""), 200),
        simulated=actor.simulated,
    )


def _short(text: str, limit: int) -> str:
    """Text cut to its column, visibly."""
    text = clean(str(text))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
