"""条目编码: entries as plain JSON values and back; one canonical text, one digest.

Reading is strict (an unknown or misspelt key would be lost) and reports everything at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any, TypeVar

from quancheng.core.catalogue.findings import CatalogueError, Finding, Reason
from quancheng.core.catalogue.terms import (
    DataType,
    DistributionKind,
    Level,
    Openness,
    ShareMode,
    ShareType,
    Term,
    UpdateCycle,
)
from quancheng.core.catalogue.values import Distribution, Item, Organ, Resource
from quancheng.core.catalogue.versions import version_key
from quancheng.core.text import Text

__all__ = ["canonical", "digest_of", "plain", "read_field", "read_resource"]

T = TypeVar("T")
_Reader = Callable[[object], Any]


def plain(value: object) -> Any:
    """A value of this package as JSON values (转为普通值)."""
    if isinstance(value, Text):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return value


def canonical(value: object) -> bytes:
    """The one JSON text of a value: sorted keys, no blanks, UTF-8 (规范文本).

    RFC 8785 for the values that occur here (strings, whole numbers, booleans, null); floats are
    refused with ``TypeError`` because their shortest form differs between languages.
    """
    shape = plain(value)
    _no_floats(shape)
    return json.dumps(shape, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(value: object) -> str:
    """SHA-256 of the canonical text in hex (摘要)."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _no_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("a catalogue value has no floats")
    parts: Iterable[object] = ()
    if isinstance(value, dict):
        parts = value.values()
    elif isinstance(value, list):
        parts = value
    for part in parts:
        _no_floats(part)


def read_resource(values: Mapping[str, object]) -> Resource:
    """Read an entry (读取条目); raises :class:`CatalogueError` with everything that is wrong."""
    code = values.get("code")
    return _read(Resource, values, _RESOURCE, str(code) if isinstance(code, str) else "", "")


def read_field(name: str, value: object, resource: str = "") -> Any:
    """Read one field of an entry (读取单个字段), with the same errors; ``KeyError`` if unknown."""
    found, findings = _one(_RESOURCE[name], value, resource, name)
    if findings:
        raise CatalogueError(findings)
    return found


def _read(
    kind: type[T], values: Mapping[str, object], readers: Mapping[str, _Reader], resource: str, at: str
) -> T:
    prefix = f"{at}." if at else ""
    findings: list[Finding] = []
    for key in values.keys() - readers.keys():
        text = Text(f"没有“{key}”这一项。", f"There is no “{key}”.")
        findings.append(Finding(resource, f"{prefix}{key}", Reason.UNKNOWN_KEY, text))
    found: dict[str, Any] = {}
    needed = {entry.name for entry in fields(kind) if _is_needed(entry)}  # type: ignore[arg-type]
    for name, reader in readers.items():
        if name in values:
            found[name], wrong = _one(reader, values[name], resource, f"{prefix}{name}")
            findings += wrong
        elif name in needed:
            text = Text("缺少内容。", "It is missing.")
            findings.append(Finding(resource, f"{prefix}{name}", Reason.MISSING, text))
    if findings:
        raise CatalogueError(sorted(findings, key=lambda finding: finding.field))
    return kind(**found)


def _is_needed(entry: Any) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING


def _one(reader: _Reader, value: object, resource: str, at: str) -> tuple[Any, list[Finding]]:
    try:
        return reader(value), []
    except CatalogueError as error:
        return None, [
            Finding(resource, _join(at, part.field), part.reason, part.text) for part in error.findings
        ]
    except (TypeError, ValueError, KeyError) as error:
        text = Text(f"取值有误（{error}）。", f"The value is wrong ({error}).")
        return None, [Finding(resource, at, Reason.MALFORMED, text)]


def _join(at: str, field: str) -> str:
    return f"{at}{field}" if field.startswith("[") or not field else f"{at}.{field}"


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is needed, not {type(value).__name__}")
    value.encode()  # a lone surrogate has no UTF-8: UnicodeEncodeError is a ValueError
    return value


def _text(value: object) -> Text:
    if not isinstance(value, Text | Mapping | str):
        raise TypeError("a text is a string or {zh, en}")
    text = Text.of(value)
    _string(text.zh + text.en)
    return text


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a whole number is needed")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is needed")
    return value


def _day(value: object) -> date:
    if type(value) is date:
        return value
    day = date.fromisoformat(_string(value))
    if day.isoformat() != value:
        raise ValueError("a date is written 2026-01-31")
    return day


def _version(value: object) -> str:
    version = _string(value)
    version_key(version)
    return version


def _term(kind: type[Term]) -> _Reader:
    def read(value: object) -> Term:
        if isinstance(value, kind):
            return value
        allowed = [term.value for term in kind]
        if value not in allowed:
            raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
        return kind(value)

    return read


def _maybe(reader: _Reader) -> _Reader:
    return lambda value: None if value is None else reader(value)


def _list(reader: _Reader, key: str = "") -> _Reader:
    def read(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise TypeError("a list is needed")
        found, findings = [], []
        for number, part in enumerate(value):
            name = part.get(key) if key and isinstance(part, Mapping) else number
            one, wrong = _one(reader, part, "", f"[{name}]")
            found.append(one)
            findings += wrong
        if findings:
            raise CatalogueError(findings)
        return tuple(found)

    return read


def _table(kind: type[T], readers: Mapping[str, _Reader]) -> _Reader:
    def read(value: object) -> T:
        if isinstance(value, kind):
            return value
        if not isinstance(value, Mapping):
            raise TypeError("a table is needed")
        return _read(kind, value, readers, "", "")

    return read


_ORGAN: dict[str, _Reader] = {"code": _string, "name": _text}
_ITEM: dict[str, _Reader] = {
    "field": _string,
    "name": _text,
    "type": _term(DataType),
    "length": _maybe(_whole),
    "share": _maybe(_term(ShareType)),
    "openness": _maybe(_term(Openness)),
    "level": _maybe(_term(Level)),
    "personal": _flag,
    "note": _string,
}
_DISTRIBUTION: dict[str, _Reader] = {
    "id": _string,
    "kind": _term(DistributionKind),
    "name": _text,
    "format": _string,
    "url": _string,
    "size": _maybe(_whole),
    "sha256": _string,
    "modified": _maybe(_day),
}
_RESOURCE: dict[str, _Reader] = {
    "code": _string,
    "name": _text,
    "provider": _table(Organ, _ORGAN),
    "abstract": _text,
    "classes": _list(_string),
    "formats": _list(_string),
    "share": _term(ShareType),
    "openness": _term(Openness),
    "level": _term(Level),
    "cycle": _term(UpdateCycle),
    "issued": _day,
    "modified": _day,
    "items": _list(_table(Item, _ITEM), "field"),
    "share_condition": _string,
    "share_basis": _string,
    "share_modes": _list(_term(ShareMode)),
    "open_condition": _string,
    "related": _list(_string),
    "duties": _list(_string),
    "keywords": _list(_string),
    "distributions": _list(_table(Distribution, _DISTRIBUTION), "id"),
    "version": _version,
}
