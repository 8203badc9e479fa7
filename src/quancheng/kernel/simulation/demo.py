"""模拟数据: fills a demo city, module by module, always the same for the same seed.

A module's ``simulate.py`` may have ``def seed(city: DemoCity, random: numpy Generator)``. It is
called inside a transaction, in module order, and must do nothing when its data is there already.
What it returns is shown to whoever runs ``quancheng setup``.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.kernel import clock, registry, rulebook
from quancheng.kernel.simulation.engine import Simulation


@dataclass(frozen=True, slots=True)
class DemoCity:
    """模拟城市: how large the synthetic city is and where its profile lies."""

    name: str
    region: str
    folder: Path
    persons: int
    firms: int
    seed: int

    @classmethod
    def of_settings(cls, *, persons: int, firms: int, seed: int) -> DemoCity:
        """The city of the settings, this large."""
        return cls(settings.CITY, rulebook.city_region(), Path(settings.CITY_FOLDER), persons, firms, seed)


def seed_modules(city: DemoCity, only: Collection[str] | None = None) -> Iterator[tuple[str, Any]]:
    """Run every module's ``seed`` (or of those named); yields the module's name and what it said."""
    from django.db import transaction

    numbers = Simulation(city.seed, clock.now())
    for owner in registry.modules():
        if only is not None and owner.name not in only:
            continue
        room = f"{owner.dotted}.simulate"
        if importlib.util.find_spec(room) is None:
            continue
        seed = getattr(importlib.import_module(room), "seed", None)
        if seed is None:
            continue
        with transaction.atomic():
            result = seed(city, numbers.rng(f"{owner.name}.seed"))
        yield owner.name, "-" if result is None else result
