"""场景与权益: what the bits of a code mean, read from ``resources``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

FOLDER = Path(__file__).parent / "resources"


@dataclass(frozen=True, slots=True)
class Entitlement:
    """权益: a bit gates may act on, and where it comes from."""

    code: str
    bit: int
    text: Text
    source: str
    value: str
    printed: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """场景: where a code is used, and what is told there."""

    code: str
    bit: int
    text: Text
    kind: str
    lead: str
    printed: bool
    card: str
    fare: str
    entitlements: tuple[str, ...]

    @property
    def mask(self) -> int:
        """Its place in the scene mask of a credential."""
        return 1 << self.bit


@cache
def scenes() -> tuple[Scene, ...]:
    """All scenes in the order of their bits."""
    rows = tomllib.loads((FOLDER / "scenes.toml").read_text(encoding="utf-8"))["scene"]
    made = [
        Scene(
            code=row["code"], bit=row["bit"], text=Text(row["zh"], row["en"]), kind=row["kind"],
            lead=row["lead"], printed=row["printed"], card=row["card"], fare=row.get("fare", ""),
            entitlements=tuple(row["entitlements"]),
        )
        for row in rows
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda scene: scene.bit))


@cache
def entitlements() -> tuple[Entitlement, ...]:
    """All entitlements in the order of their bits."""
    rows = tomllib.loads((FOLDER / "entitlements.toml").read_text(encoding="utf-8"))["entitlement"]
    made = [
        Entitlement(
            row["code"], row["bit"], Text(row["zh"], row["en"]), row["source"], row["value"], row["printed"]
        )
        for row in rows
    ]
    return tuple(sorted(made, key=lambda one: one.bit))


def scene(code: str) -> Scene:
    """One scene. Raises InvalidInput."""
    for one in scenes():
        if one.code == code:
            return one
    unknown = Text(f"没有场景 {code}。", f"There is no scene {code}.")
    raise InvalidInput(unknown, fields={"scene": unknown})


def told(mask: int, where: Scene | None = None) -> tuple[Entitlement, ...]:
    """The entitlements of a bit mask, those only that the scene needs."""
    return tuple(
        one
        for one in entitlements()
        if mask >> one.bit & 1 and (where is None or one.code in where.entitlements)
    )


def mask_for(where: Scene, mask: int) -> int:
    """The bits of ``mask`` that a scene may learn (最小够用)."""
    return sum(1 << one.bit for one in told(mask, where))
