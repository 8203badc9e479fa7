"""消息模板: texts as data, filled from events. Pure but for reading its own resource file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from quancheng.core.text import Text

__all__ = ["Template", "fill", "read", "templates_for"]

RESOURCES = Path(__file__).parent / "resources"
RECIPIENTS = {"person": "person_id", "agent": "submitted_by_id", "officer": "officer_id"}
MISSING = "—"


@dataclass(frozen=True, slots=True)
class Template:
    """One message an event makes (模板): to whom, the words, where it leads."""

    name: str
    event: str
    to: str
    kind: str
    title: Text
    body: Text
    link: str = ""


class _Values(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return MISSING


def fill(text: str, values: Mapping[str, Any]) -> str:
    """``{name}`` replaced by values; a missing one shows a dash rather than failing."""
    return text.format_map(_Values({key: _plain(value) for key, value in values.items()}))


def filled(text: Text, values: Mapping[str, Any]) -> Text:
    """Both languages filled; a ``{zh, en}`` value gives each language its own."""
    return Text(
        fill(text.zh, {key: _in(value, "zh") for key, value in values.items()}),
        fill(text.en, {key: _in(value, "en") for key, value in values.items()}),
    )


def read(rows: Iterable[Mapping[str, Any]]) -> tuple[Template, ...]:
    """Parsed ``[[template]]`` tables; raises ValueError for an unknown recipient or missing key."""
    found = []
    for row in rows:
        if row["to"] not in RECIPIENTS:
            raise ValueError(f"{row['name']}: to must be one of {sorted(RECIPIENTS)}")
        found.append(
            Template(
                row["name"],
                row["event"],
                row["to"],
                row.get("kind", "notice"),
                Text.of(row["title"]),
                Text.of(row["body"]),
                row.get("link", ""),
            )
        )
    return tuple(found)


@cache
def _own() -> tuple[Template, ...]:
    files = sorted(RESOURCES.glob("*.toml"))
    rows = [row for path in files for row in tomllib.loads(path.read_text(encoding="utf-8"))["template"]]
    return read(rows)


def templates_for(event: str) -> tuple[Template, ...]:
    """The templates an event type asks for."""
    return tuple(one for one in _own() if one.event == event)


def _in(value: Any, language: str) -> Any:
    if isinstance(value, Mapping) and ("zh" in value or "en" in value):
        return value.get(language) or value.get("zh") or value.get("en") or MISSING
    return value


def _plain(value: Any) -> str:
    return MISSING if value is None or value == "" else str(value)
