"""What every benchmark shares: registration, figures, CPU time, a home folder of its own."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One workload: what it measures, what it needs, and the function that runs it."""

    name: str
    about: str
    needs: str
    run: Callable[[float], None]


REGISTRY: dict[str, Benchmark] = {}


def benchmark(
    name: str, about: str, needs: str = "nothing"
) -> Callable[[Callable[[float], None]], Callable[[float], None]]:
    """Register a function taking the scale (1.0 = the published figures)."""

    def register(run: Callable[[float], None]) -> Callable[[float], None]:
        REGISTRY[name] = Benchmark(name, about, needs, run)
        return run

    return register


def figure(name: str, value: float, unit: str) -> None:
    """Print one figure."""
    print(f"{name} {value:.4g} {unit}", flush=True)


@dataclass(slots=True)
class Spent:
    """Time spent in a block: wall and CPU seconds of this process (and finished children)."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def spent() -> Iterator[Spent]:
    """Measure a block."""
    result = Spent()
    wall, cpu = time.perf_counter(), _cpu()
    try:
        yield result
    finally:
        result.wall, result.cpu = time.perf_counter() - wall, _cpu() - cpu


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def fresh_home() -> Path:
    """A temporary QUANCHENG_HOME; call before Django settings are read."""
    home = Path(tempfile.mkdtemp(prefix="quancheng-bench-"))
    os.environ["QUANCHENG_HOME"] = str(home)
    os.environ.setdefault("QUANCHENG_LOG_LEVEL", "ERROR")
    return home


def django_on_fresh_database() -> Path:
    """Django set up on a fresh, migrated database in a fresh home."""
    home = fresh_home()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quancheng.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    return home
