"""机关代字与会场: the module's own data of organs and halls."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from quancheng.capabilities.internal.seating import Hall
from quancheng.capabilities.internal.spec import RESOURCES
from quancheng.core.text import Text

__all__ = ["halls", "mark_of"]


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((RESOURCES / "organs.toml").read_text(encoding="utf-8"))


def mark_of(code: str, name: str) -> str:
    """机关代字 of an organ."""
    return str(_data()["marks"].get(code) or f"济{name.removeprefix('市')[:4]}字")


@cache
def halls() -> dict[str, Hall]:
    """Halls by code."""
    return {
        row["code"]: Hall(
            row["code"], Text.of(row["name"]), row["rostrum"], tuple(row["rows"]), tuple(row["aisles"])
        )
        for row in _data()["hall"]
    }
