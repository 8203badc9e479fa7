"""The CloudEvents 1.0 envelope: a frozen value, its JSON form and the rules of its attributes."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
MAX_DATA_BYTES = 256 * 1024
TYPE_LIMIT = 200
SUBJECT_LIMIT = 300

_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)+")
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_REQUIRED = ("id", "source", "specversion", "type")
_STRINGS = (*_REQUIRED, "subject", "time", "dataschema", "datacontenttype")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as handlers and readers of the stream see it."""

    id: uuid.UUID
    type: str
    source: str
    subject: str
    time: datetime
    data: dict[str, Any]
    dataschema: str = ""
    sequence: int | None = None
    """Place in the city's stream, without gaps; None until a dispatcher has numbered it."""
    city: str = ""
    virtual: bool = False
    """Happened on a virtual clock (a drill): ``time`` is that clock's time."""

    @property
    def module(self) -> str:
        """The module that emitted it (first segment of the type)."""
        return self.type.partition(".")[0]

    def to_cloudevent(self) -> dict[str, Any]:
        """Structured-mode JSON of CloudEvents 1.0 with the extension ``sequence``."""
        envelope: dict[str, Any] = {
            "specversion": SPEC_VERSION,
            "id": str(self.id),
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": self.time.isoformat(),
            "datacontenttype": "application/json",
            "data": self.data,
        }
        if self.dataschema:
            envelope["dataschema"] = self.dataschema
        if self.sequence is not None:
            envelope["sequence"] = f"{self.sequence:020d}"
        if self.city:
            envelope["city"] = self.city
        if self.virtual:
            envelope["virtualtime"] = True
        return envelope

    @classmethod
    def from_cloudevent(cls, envelope: Mapping[str, Any]) -> Event:
        """Read an envelope; raises ValueError with all that is wrong with it."""
        problems = validate(envelope)
        if problems:
            raise ValueError("; ".join(problems))
        sequence = str(envelope.get("sequence", ""))
        try:
            identity = uuid.UUID(str(envelope["id"]))
        except ValueError:  # ids of others are any string: the same string gives the same id
            identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{envelope['source']} {envelope['id']}")
        data = envelope.get("data")
        return cls(
            id=identity,
            type=envelope["type"],
            source=envelope["source"],
            subject=envelope.get("subject", ""),
            time=_read_time(envelope.get("time")),
            data=data if isinstance(data, dict) else {"value": data},
            dataschema=envelope.get("dataschema", ""),
            sequence=int(sequence) if sequence.isdecimal() else None,
            city=str(envelope.get("city", "")),
            virtual=envelope.get("virtualtime") is True,
        )


def check_type(event_type: str) -> str:
    """The type if it is dotted lower-case words (``services.case.decided``), else ValueError."""
    if len(event_type) > TYPE_LIMIT or not _TYPE.fullmatch(event_type):
        raise ValueError(
            f"事件类型 {event_type!r} 应为小写点分词。"
            " An event type is dotted lower-case words, such as services.case.decided."
        )
    return event_type


def check_data(data: Mapping[str, Any], encoder: type[json.JSONEncoder]) -> dict[str, Any]:
    """``data`` as plain JSON; ValueError when it is not an object, or larger than 256 KiB."""
    if not isinstance(data, Mapping):
        raise ValueError("事件数据应为对象。 Event data must be a mapping.")
    text = json.dumps(data, cls=encoder, ensure_ascii=False, allow_nan=False)
    if len(text) * 4 > MAX_DATA_BYTES and len(text.encode()) > MAX_DATA_BYTES:
        raise ValueError("事件数据超过 256 KiB,请只放引用。 Event data is over 256 KiB: refer to it.")
    return json.loads(text)  # type: ignore[no-any-return]


def validate(envelope: Mapping[str, Any]) -> list[str]:
    """What is wrong with a structured-mode envelope by CloudEvents 1.0 §3; empty when valid."""
    problems = [f"{name} is required" for name in _REQUIRED if not envelope.get(name)]
    for name, value in envelope.items():
        if name in {"data", "data_base64"}:
            continue
        if not _ATTRIBUTE.fullmatch(name):
            problems.append(f"{name}: attribute names are 1–20 of a-z and 0-9")
        if name in _STRINGS and not (isinstance(value, str) and value):
            problems.append(f"{name} must be a non-empty string")
        elif not isinstance(value, (str, bool, int)):
            problems.append(f"{name}: an attribute is a string, integer or boolean")
        elif isinstance(value, str) and _CONTROL.search(value):
            problems.append(f"{name} contains control characters")
        elif isinstance(value, int) and not -(2**31) <= value < 2**31:
            problems.append(f"{name}: integers are 32 bit")
    return problems or _validate_formats(envelope)


def _validate_formats(envelope: Mapping[str, Any]) -> list[str]:
    problems = []
    if envelope["specversion"] != SPEC_VERSION:
        problems.append("specversion must be 1.0")
    if "time" in envelope and not _is_time(envelope["time"]):
        problems.append("time must be RFC 3339")
    if "dataschema" in envelope and not urlsplit(envelope["dataschema"]).scheme:
        problems.append("dataschema must be an absolute URI")
    if re.search(r"\s", envelope["source"]):
        problems.append("source must be a URI reference")
    if "data" in envelope and "data_base64" in envelope:
        problems.append("data and data_base64 exclude each other")
    return problems


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def _read_time(text: str | None) -> datetime:
    from quancheng.kernel import clock

    return datetime.fromisoformat(text.upper()) if text else clock.now()
