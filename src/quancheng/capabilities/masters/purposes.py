"""用途: what may be shown for what, on which legal basis, from when. Read from ``resources/purposes.toml``. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from quancheng.core.text import Text

FILE = Path(__file__).parent / "resources" / "purposes.toml"
EVERY = "*"


@dataclass(frozen=True, slots=True)
class Purpose:
    """用途: ``basis`` is law or consent; ``roles`` empty: every reader."""

    code: str
    text: Text
    basis: str
    citation: str
    valid_from: date
    valid_to: date | None
    masters: frozenset[str]
    fields: tuple[str, ...]
    roles: frozenset[str]
    needs_case: bool

    @property
    def by_consent(self) -> bool:
        """Whether the person must have agreed."""
        return self.basis == "consent"

    def shows(self, field: str) -> bool:
        """Whether a field may be seen for this purpose."""
        return EVERY in self.fields or field in self.fields


@cache
def _all() -> tuple[Purpose, ...]:
    return tuple(
        Purpose(
            one["code"], Text(one["zh"], one["en"]), one["basis"], one["citation"], one["valid_from"],
            one.get("valid_to"), frozenset(one["masters"]), tuple(one["fields"]),
            frozenset(one.get("roles", ())), bool(one["needs_case"]),
        )
        for one in tomllib.loads(FILE.read_text("utf-8"))["purpose"]
    )  # fmt: skip


def in_force(on: date) -> tuple[Purpose, ...]:
    """Purposes valid on a day."""
    return tuple(
        one for one in _all() if one.valid_from <= on and (one.valid_to is None or on < one.valid_to)
    )


def find(code: str, on: date) -> Purpose | None:
    """One purpose valid on a day."""
    return next((one for one in in_force(on) if one.code == code), None)


def offered(master: str, roles: Iterable[str], on: date) -> tuple[Purpose, ...]:
    """Purposes somebody with these roles may state for a master."""
    held = frozenset(roles)
    return tuple(one for one in in_force(on) if master in one.masters and (not one.roles or one.roles & held))
