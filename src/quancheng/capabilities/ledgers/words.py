"""词表 and 模板: words of columns and starters of books, read from resources once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from quancheng.capabilities.ledgers.columns import columns_of
from quancheng.capabilities.ledgers.held import Vocabulary
from quancheng.capabilities.ledgers.values import Column
from quancheng.core.text import Text

_HERE = Path(__file__).parent / "resources"


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text("utf-8"))


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Words that mean one thing."""
    found = _read("words.toml")
    same = {word: row["word"] for row in found["same"] for word in [row["word"], *row["also"]]}
    subjects = {one["subject"]: frozenset(one["marks"]) for one in found["subject"]}
    fillers = tuple(sorted(found["fillers"], key=len, reverse=True))
    return Vocabulary(same, fillers, frozenset(found["general"]), subjects)


@dataclass(frozen=True, slots=True)
class Starter:
    """台账模板: a book to begin with. ``wants`` says which pre-filled column a column would like (a folded name)."""

    code: str
    name: Text
    purpose: str
    legal_basis: str
    columns: tuple[Column, ...]
    wants: Mapping[str, str]
    key: str
    days: int
    may_add: bool
    photos: int


@lru_cache(maxsize=1)
def starters() -> tuple[Starter, ...]:
    """All templates, in order."""
    found = []
    for row in _read("starters.toml")["starter"]:
        found.append(
            Starter(
                row["code"],
                Text.of(row["name"]),
                row["purpose"],
                row.get("legal_basis", ""),
                columns_of([{k: v for k, v in one.items() if k != "base"} for one in row["column"]]),
                {one["name"]: one["base"] for one in row["column"] if one.get("base")},
                row.get("key", ""),
                row.get("days", 14),
                row.get("may_add", True),
                row.get("photos", 0),
            )
        )
    return tuple(found)


def starter(code: str) -> Starter | None:
    """One template."""
    return next((one for one in starters() if one.code == code), None)
