"""上链场景: what is anchored, and by which event."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quancheng.core.text import Text

FILE = Path(__file__).parent / "resources" / "scenes.toml"
GROUPS = {
    "services": Text("政务服务", "Services"),
    "data": Text("数据流通", "Data"),
    "rights": Text("授权", "Rights"),
    "money": Text("资金", "Money"),
    "command": Text("城市运行", "City operation"),
    "rules": Text("规则与算法", "Rules and models"),
    "trust": Text("证照", "Licences"),
    "vault": Text("个人数据", "Personal data"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """场景: its code, names, the event type that brings it (empty: anchored directly), its group.

    ``counted``: the event type by which it is counted when it is anchored directly.
    """

    code: str
    text: Text
    event: str
    group: str
    counted: str = ""

    @property
    def group_text(self) -> Text:
        """Name of the group."""
        return GROUPS[self.group]


@cache
def scenes() -> tuple[Scene, ...]:
    """All scenes."""
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["scene"]
    return tuple(
        Scene(
            row["code"], Text(row["zh"], row["en"]), row["event"], row["group"],
            row["event"] or row.get("counted", ""),
        )
        for row in rows
    )  # fmt: skip


@cache
def by_event() -> dict[str, Scene]:
    """The scene of an event type."""
    return {one.event: one for one in scenes() if one.event}


def known(code: str) -> Scene | None:
    """The scene of a code."""
    return next((one for one in scenes() if one.code == code), None)
