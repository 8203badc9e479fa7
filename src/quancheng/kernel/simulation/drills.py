"""演练: rehearsals modules offer by ``[[drill]]``; each is a function of its ``Terms``.

``def run(terms: Terms) -> Mapping[str, Any]`` builds ``terms.simulation(start)``, runs it and
returns figures; a ``passed`` of False makes the command fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any

from quancheng.core.text import Text
from quancheng.kernel import registry
from quancheng.kernel.errors import NotFound
from quancheng.kernel.simulation.engine import Simulation


def _silent(_: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a drill is run (演练条件)."""

    seed: int = 1
    speed: float | None = None
    faults: float = 0.0
    headless: bool = True
    say: Callable[[str], None] = field(default=_silent, compare=False)

    def simulation(self, start: datetime) -> Simulation:
        """A simulation on these terms."""
        return Simulation(self.seed, start, self.speed)


def available() -> list[Any]:
    """All ``[[drill]]`` rows, in module order."""
    return [row for _, row in registry.items("drill")]


def run(name: str, terms: Terms, progress: Callable[[str], None] = _silent) -> dict[str, Any]:
    """Run a drill; its report with the terms it ran on. Raises NotFound for an unknown name."""
    rows = {row.id: row for row in available()}
    if name not in rows:
        names = "、".join(rows) or "-"
        raise NotFound(
            Text(f"没有演练 {name}。", f"There is no drill {name}."),
            todo=Text(f"现有演练:{names}。", f"There are: {names}."),
        )
    target, _, attribute = rows[name].function.partition(":")
    function = getattr(import_module(target), attribute)
    listening = Terms(terms.seed, terms.speed, terms.faults, terms.headless, progress)
    figures: Mapping[str, Any] = function(listening) or {}
    stated = {key: value for key, value in asdict(terms).items() if key != "say"}
    return {"drill": name, "terms": stated, **figures}
