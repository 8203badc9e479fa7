"""Which modules exist: own folders and packages installed through an entry point.

Runs before Django is set up (settings need the answer), so it reads files only.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
OWN_FLOORS = ("capabilities", "scenarios")
ENTRY_POINT_GROUP = "quancheng.modules"


@dataclass(frozen=True, slots=True)
class ModuleLocation:
    """Where one module lives: its import path and its folder."""

    dotted: str
    folder: Path

    @property
    def name(self) -> str:
        return self.dotted.rsplit(".", 1)[-1]

    @property
    def manifest(self) -> Path:
        return self.folder / "module.toml"


def own_modules(root: Path = PACKAGE_ROOT) -> list[ModuleLocation]:
    """Folders under capabilities/ and scenarios/ that hold a ``module.toml``."""
    found = []
    for floor in OWN_FLOORS:
        for manifest in sorted((root / floor).glob("*/module.toml")):
            folder = manifest.parent
            found.append(ModuleLocation(f"quancheng.{floor}.{folder.name}", folder))
    return found


def extra_modules(raw: str | None = None) -> list[ModuleLocation]:
    """Modules named in ``QUANCHENG_EXTRA_MODULES`` (comma-separated import paths)."""
    names = (raw if raw is not None else os.environ.get("QUANCHENG_EXTRA_MODULES", "")).split(",")
    return [_locate(name.strip()) for name in names if name.strip()]


def installed_modules() -> list[ModuleLocation]:
    """Modules other distributions offer through the entry point group."""
    return [_locate(point.value) for point in entry_points(group=ENTRY_POINT_GROUP)]


def discover() -> list[ModuleLocation]:
    """All modules, own first, each once."""
    seen: dict[str, ModuleLocation] = {}
    for location in [*own_modules(), *installed_modules(), *extra_modules()]:
        seen.setdefault(location.dotted, location)
    return list(seen.values())


def _locate(dotted: str) -> ModuleLocation:
    spec = importlib.util.find_spec(dotted)
    if spec is None or spec.origin is None:
        raise ImportError(
            f"模块 {dotted} 不在 Python 路径上，请安装或从 QUANCHENG_EXTRA_MODULES 删除。"
            f" Module {dotted} is not importable; install it or remove it from the setting."
        )
    return ModuleLocation(dotted, Path(spec.origin).parent)
