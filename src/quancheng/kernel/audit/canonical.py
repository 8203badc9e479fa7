"""Canonical JSON of an entry: the bytes that are hashed.

Keys sorted, no blanks, UTF-8, as in RFC 8785 (JCS) except numbers, which are written as Python
writes them. The detail is kept as this text, never as a database JSON value: PostgreSQL's jsonb
would rewrite numbers and the hash would no longer match.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring as quote
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.functional import Promise

from quancheng.core.text import Text
from quancheng.kernel.errors import TooLarge

VERSION = 1
LIMIT = 256 * 1024
"""Most characters of one entry's detail; evidence larger than this belongs in a file."""

Row = tuple[
    int, datetime, str, str, str, str, str, str, int | None, int | None, int | None,
    str, str, str, str, int, str, bool, str,
]  # fmt: skip
FIELDS = (
    "sequence", "time", "action", "verb", "object_ref", "outcome", "purpose", "detail",
    "user_id", "person_id", "firm_id", "actor_kind", "actor_name", "module", "roles",
    "assurance", "on_behalf_of", "simulated", "previous",
)  # fmt: skip
"""Columns of an entry that are hashed, in the order of :data:`Row`."""


def detail_text(detail: Mapping[str, Any]) -> str:
    """Canonical JSON of a detail. Raises TypeError for what JSON cannot say, TooLarge."""
    text = json.dumps(
        _plain(dict(detail)),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    if len(text) > LIMIT:
        raise TooLarge(
            Text(
                f"审计明细超过{LIMIT}字，请只写编号与摘要。",
                f"An audit detail has more than {LIMIT} characters; note ids and digests instead.",
            )
        )
    return clean(text)


def clean(text: str) -> str:
    """Text every database and UTF-8 can hold: no NUL, no lone surrogates."""
    return text.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "backslashreplace").decode()


def entry_text(stream: str, algorithm: str, row: Row) -> str:
    """Canonical JSON of a whole entry; equals a sorted ``json.dumps`` of its nested form."""
    (sequence, moment, action, verb, object_ref, outcome, purpose, detail,
     user, person, firm, kind, name, module, roles, assurance, behalf, simulated, previous,
     ) = row  # fmt: skip
    return (
        f'{{"action":{quote(action)},"actor":{{"assurance":{assurance},"firm":{_number(firm)},'
        f'"kind":{quote(kind)},"module":{quote(module)},"name":{quote(name)},'
        f'"on_behalf_of":{quote(behalf)},"person":{_number(person)},"roles":{quote(roles)},'
        f'"simulated":{"true" if simulated else "false"},"user":{_number(user)}}},'
        f'"algorithm":{quote(algorithm)},"detail":{detail},"object":{quote(object_ref)},'
        f'"outcome":{quote(outcome)},"previous":{quote(previous)},"purpose":{quote(purpose)},'
        f'"sequence":{sequence},"stream":{quote(stream)},"time":"{stamp(moment)}",'
        f'"v":{VERSION},"verb":{quote(verb)}}}'
    )


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, always the same width."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


def _plain(value: Any) -> Any:
    """What JSON can say of ``value``; raises TypeError rather than guess."""
    match value:
        case None | bool() | int():
            return value if not isinstance(value, Enum) else _plain(value.value)
        case str():
            return str(value.value) if isinstance(value, Enum) else value
        case float():
            return value if math.isfinite(value) else str(value)
        case Text():
            return value.to_dict()
        case Mapping():
            return {str(_plain(key)): _plain(part) for key, part in value.items()}
        case bytes():
            return b64encode(value).decode("ascii")
        case Set():
            return sorted((_plain(part) for part in value), key=str)
        case Sequence():
            return [_plain(part) for part in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    match value:
        case datetime():
            return stamp(value) if value.tzinfo else value.isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Enum():
            return _plain(value.value)
        case Decimal() | UUID() | Path() | Promise():
            return str(value)
        case Model():
            return f"{value._meta.label}:{value.pk}"
    raise TypeError(f"审计明细不能写 {type(value).__name__}。 No audit detail of this type: {value!r}")
