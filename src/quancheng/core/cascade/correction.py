"""校核: a change made where the row is not owned becomes a request to its owner, and gets an answer.

政务数据共享条例 (国务院令第809号): who finds shared data wrong asks the provider to check it; the copy is
never overwritten in silence. Requests and answers are rows of a stream themselves and travel like rows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from quancheng.core.cascade.errors import CascadeError, Reason
from quancheng.core.cascade.ledger import Draft, Ledger
from quancheng.core.cascade.model import Row, RowId, Stream, StreamKind, Version
from quancheng.core.cascade.route import Node

__all__ = [
    "Correction",
    "Verdict",
    "answer",
    "correction_of",
    "correction_stream",
    "due",
    "propose",
    "request_in",
    "verdict_of",
]


@dataclass(frozen=True, slots=True)
class Correction:
    """A proposed change of a row owned elsewhere (校核申请): what was seen, what it should be."""

    stream: Stream
    row: RowId
    base: Version
    body: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The owner's answer (校核答复)."""

    correction: RowId
    accepted: bool
    note: str


def correction_stream(stream: Stream) -> Stream:
    """The stream of requests about a stream."""
    return Stream(StreamKind.CORRECTION, f"{stream.kind}.{stream.name}")


def correction_of(row: Row) -> Correction | None:
    """Read a request from its row; None if the row is an answer, deleted or unreadable."""
    try:
        found = json.loads(row.body)
        kind, name = found["stream"]
        origin, local = found["row"]
        base = Version(*(int(part) for part in found["base"]))
        return Correction(
            Stream(StreamKind(kind), str(name)),
            RowId(str(origin), str(local)),
            base,
            str(found["body"]),
            found["deleted"] is True,
        )
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        return None


def verdict_of(row: Row) -> Verdict | None:
    """Read an answer from its row; None if it is none."""
    try:
        found = json.loads(row.body)
        origin, local = found["correction"]
        return Verdict(RowId(str(origin), str(local)), found["accepted"] is True, str(found["note"]))
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        return None


def propose(draft: Draft, target: Row, body: str, deleted: bool) -> Row | None:
    """Write the request into a draft of the correction stream; None if it was asked before.

    Its id is made of what it asks, so the same wish twice is one request.
    """
    kind, _, name = draft.stream.name.partition(".")
    asked = json.dumps(
        {
            "stream": [kind, name],
            "row": list(target.id),
            "base": list(target.version),
            "body": body,
            "deleted": deleted,
        },
        ensure_ascii=False,
        sort_keys=True,
    )
    me = draft.node.name
    row_id = RowId(me, hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    if draft.get(row_id) is not None:
        return None
    row = Row(row_id, me, draft.version(Version(1, 0, 0)), target.region, target.organ, asked)
    row.digest()
    draft.put(row, held=True, rooted=True, supplies=())
    return row


def due(node: Node, ledger: Ledger, stream: Stream, row: Row) -> bool:
    """Whether a row that arrived is a request that this node must answer."""
    if stream.kind is not StreamKind.CORRECTION:
        return False
    asked = correction_of(row)
    if asked is None or correction_stream(asked.stream) != stream:
        return False
    target = ledger.get(asked.stream, asked.row)
    return target is not None and target.held and target.row.owner == node.name


def answer(draft: Draft, request: Row, accepted: bool, note: str) -> Row | None:
    """Write the owner's answer into a draft of the correction stream; None if it stands already."""
    me = draft.node.name
    body = json.dumps(
        {"correction": list(request.id), "accepted": accepted, "note": note},
        ensure_ascii=False,
        sort_keys=True,
    )
    row_id = RowId(me, "verdict-" + hashlib.sha256("/".join(request.id).encode()).hexdigest()[:32])
    held = draft.get(row_id)
    if held is not None and held.live and held.row.body == body:
        return None
    last = held.row.version if held is not None else Version(1, 0, 0)
    row = Row(row_id, me, draft.version(last), request.region, request.organ, body)
    row.digest()
    draft.put(row, held=True, rooted=True, supplies=())
    return row


def request_in(ledger: Ledger, stream: Stream, request: RowId) -> tuple[Row, Correction]:
    """A request that this node holds, or ``CascadeError`` (UNKNOWN_ROW)."""
    held = ledger.get(correction_stream(stream), request)
    asked = correction_of(held.row) if held is not None and held.live else None
    if held is None or asked is None or asked.stream != stream:
        raise CascadeError(Reason.UNKNOWN_ROW, f"no request {request} about {stream}")
    return held.row, asked
