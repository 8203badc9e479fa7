"""排演舞台: how modules take part in one rehearsal without knowing each other.

A module's ``simulate.py`` may have ``def rehearse(sim, stage) -> Iterable[tuple[str, Process]]``:
the processes it plays (a forecaster's seat, a crew …) while a drill of another module runs.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from quancheng.kernel import registry
from quancheng.kernel.simulation.engine import Simulation


def _automatic() -> str:
    return "auto"


@dataclass(frozen=True, slots=True)
class Stage:
    """What every player needs to know of a rehearsal (舞台)."""

    exercise: str
    """Code that keeps the drill's data apart from the real city."""
    ends_at: datetime
    seats: Callable[[], str] = _automatic
    """``"auto"``: simulated holders act; ``"manual"``: they wait for people (asked each time)."""
    patience_minutes: int = 10
    """In manual mode a simulated deputy acts after this many virtual minutes without a person."""


def take_stage(sim: Simulation, stage: Stage) -> tuple[str, ...]:
    """Schedule what every module plays; returns the names of the processes."""
    names: list[str] = []
    for module in registry.modules():
        room = f"{module.dotted}.simulate"
        if importlib.util.find_spec(room) is None:
            continue
        rehearse = getattr(importlib.import_module(room), "rehearse", None)
        if rehearse is None:
            continue
        for name, process in rehearse(sim, stage):
            sim.process(name, process)
            names.append(name)
    return tuple(names)
