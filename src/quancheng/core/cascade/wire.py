"""线上格式: a batch as JSON lines, with count and digest in its head; what is damaged or foreign is refused.

Line 1 is an object, each further line an array: ``["row", seq, path, digest, origin, local, owner, term,
epoch, number, region, organ, body, deleted, evidence, former]`` or ``["gone", seq, origin, local, term,
epoch, number]``. Lines end in LF; the head's ``sha256`` is over all bytes after the first LF. The digest of
a row is the one its owner's content has, so a relay that alters a row is found by the next node.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from quancheng.core.cascade.batch import Batch, BatchKind, Entry, Withdrawal, check_order
from quancheng.core.cascade.errors import CascadeError, Reason
from quancheng.core.cascade.model import Row, RowId, Stream, StreamKind, Version, check_name

__all__ = ["FORM", "dump", "parse"]

FORM = "quancheng-cascade/1"
BIGGEST_NUMBER = 2**53
LONGEST_PATH = 64
LONGEST_CODE = 200

T = TypeVar("T")


def dump(batch: Batch) -> bytes:
    """Write a batch as UTF-8 JSON lines."""
    lines = [_line(_entry_out(entry)) for entry in batch.entries]
    body = "".join(lines).encode()
    head = {
        "form": FORM,
        "kind": batch.kind,
        "from": batch.sender,
        "to": batch.receiver,
        "stream": list(batch.stream),
        "epoch": batch.epoch,
        "since": batch.since,
        "through": batch.through,
        "route": batch.route,
        "after": batch.after,
        "upto": batch.upto,
        "more": batch.more,
        "count": len(lines),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return _line(head).encode() + body


def parse(data: bytes, max_bytes: int = 64 * 1024 * 1024) -> Batch:
    """Read a batch, whole and unaltered, or ``CascadeError`` with reason and line.

    Fails closed: TOO_LARGE, NOT_UTF8, NO_HEADER, UNKNOWN_FORM, CUT_SHORT, DIGEST_MISMATCH,
    COUNT_MISMATCH, BAD_FIELD, BAD_NAME, ROW_DAMAGED, OUT_OF_ORDER. Not a proof of who sent it: that is
    the signature around it.
    """
    if len(data) > max_bytes:
        raise CascadeError(Reason.TOO_LARGE, f"{len(data)} bytes, at most {max_bytes}")
    first, newline, body = data.partition(b"\n")
    if not newline:
        raise CascadeError(Reason.NO_HEADER, "no first line", 1)
    head = _at(1, lambda: _fields(first))
    if not isinstance(head, dict) or head.get("form") != FORM:
        raise CascadeError(Reason.UNKNOWN_FORM, f"not {FORM}", 1)
    count = _at(1, lambda: _number(head.get("count")))
    if body and not body.endswith(b"\n"):
        raise CascadeError(Reason.CUT_SHORT, "the last line has no end", body.count(b"\n") + 2)
    lines = body.split(b"\n")[:-1]
    if len(lines) != count:
        reason = Reason.CUT_SHORT if len(lines) < count else Reason.COUNT_MISMATCH
        raise CascadeError(reason, f"{len(lines)} entries, the head says {count}", len(lines) + 1)
    if hashlib.sha256(body).hexdigest() != head.get("sha256"):
        raise CascadeError(Reason.DIGEST_MISMATCH, "the entries are not those the head was made for", 1)
    entries = tuple(_at(place, partial(_entry_in, raw)) for place, raw in enumerate(lines, 2))
    batch = _at(1, lambda: _batch_in(head, entries))
    check_order(batch)
    return batch


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _entry_out(entry: Entry | Withdrawal) -> list[object]:
    if isinstance(entry, Withdrawal):
        return ["gone", entry.seq, *entry.id, *entry.version]
    row = entry.row
    return [
        "row",
        entry.seq,
        entry.path,
        row.digest().hex(),
        *row.id,
        row.owner,
        *row.version,
        row.region,
        row.organ,
        row.body,
        row.deleted,
        row.evidence,
        row.former,
    ]


def _at(line: int, read: Callable[[], T]) -> T:
    """Read, and name the line in the error."""
    try:
        return read()
    except CascadeError as error:
        raise CascadeError(error.reason, error.detail, line) from error


def _fields(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise CascadeError(Reason.NOT_UTF8, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise CascadeError(Reason.BAD_FIELD, f"not JSON: {error!s:.80}") from error


def _batch_in(head: dict[str, Any], entries: tuple[Entry | Withdrawal, ...]) -> Batch:
    stream = head.get("stream")
    if not isinstance(stream, list) or len(stream) != 2:
        raise CascadeError(Reason.BAD_FIELD, "stream is a kind and a name")
    try:
        kind = BatchKind(_text(head.get("kind")))
        carried = StreamKind(_text(stream[0]))
    except ValueError as error:
        raise CascadeError(Reason.BAD_FIELD, str(error)) from error
    more = head.get("more")
    if not isinstance(more, bool):
        raise CascadeError(Reason.BAD_FIELD, "more is true or false")
    return Batch(
        kind,
        check_name(_text(head.get("from")), "from"),
        check_name(_text(head.get("to")), "to"),
        Stream(carried, check_name(_text(stream[1]), "a stream")),
        _number(head.get("epoch")),
        _number(head.get("since")),
        _number(head.get("through")),
        _number(head.get("route")),
        entries,
        _bound(head.get("after")),
        _bound(head.get("upto")),
        more,
    )


def _bound(value: object) -> RowId | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise CascadeError(Reason.BAD_FIELD, "a bound is an origin and a local name")
    return _row_id(value[0], value[1])


def _entry_in(raw: bytes) -> Entry | Withdrawal:
    fields = _fields(raw)
    if isinstance(fields, list) and len(fields) == 7 and fields[0] == "gone":
        _, seq, origin, local, *version = fields
        return Withdrawal(_row_id(origin, local), _version(version), _number(seq))
    if isinstance(fields, list) and len(fields) == 16 and fields[0] == "row":
        return _row_in(fields)
    raise CascadeError(Reason.BAD_FIELD, "neither a row nor a withdrawal")


def _row_in(fields: list[Any]) -> Entry:
    _, seq, path, digest, origin, local, owner, *rest = fields
    region, organ, body, deleted, evidence, former = rest[3:]
    if not isinstance(deleted, bool):
        raise CascadeError(Reason.BAD_FIELD, "deleted is true or false")
    row = Row(
        _row_id(origin, local),
        check_name(_text(owner), "an owner"),
        _version(rest[:3]),
        _code(region),
        _code(organ),
        _text(body),
        deleted,
        _text(evidence),
        _names(former),
    )
    if deleted and row.body:
        raise CascadeError(Reason.BAD_FIELD, "a deleted row has no content")
    if row.digest().hex() != digest:
        raise CascadeError(Reason.ROW_DAMAGED, f"{row.id}")
    return Entry(row, _names(path), _number(seq))


def _row_id(origin: object, local: object) -> RowId:
    return RowId(check_name(_text(origin), "an origin"), check_name(_text(local), "a row"))


def _version(parts: list[Any]) -> Version:
    return Version(*(_number(part) for part in parts))


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > LONGEST_PATH:
        raise CascadeError(Reason.BAD_FIELD, f"a list of at most {LONGEST_PATH} nodes")
    return tuple(check_name(_text(name), "a node") for name in value)


def _code(value: object) -> str:
    code = _text(value)
    if len(code) > LONGEST_CODE:
        raise CascadeError(Reason.BAD_FIELD, f"a code has at most {LONGEST_CODE} characters")
    return code


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise CascadeError(Reason.BAD_FIELD, f"not a text: {value!r:.40}")
    return value


def _number(value: object) -> int:
    # JSON numbers above 2^53 differ between readers (RFC 8259 section 6); true is an int in Python.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= BIGGEST_NUMBER:
        raise CascadeError(Reason.BAD_FIELD, f"not a number from 0 to 2^53: {value!r:.40}")
    return value
