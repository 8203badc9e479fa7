"""版本号: three numbers after semver.org 2.0.0, raised by the impact of a change."""

from __future__ import annotations

from quancheng.core.catalogue.terms import Impact

__all__ = ["next_version", "version_key"]


def version_key(version: str) -> tuple[int, int, int]:
    """``"1.10.0"`` as numbers, for sorting (版本号); ``ValueError`` for anything else."""
    parts = version.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"a version is three numbers with dots: {version!r}")
    return int(parts[0]), int(parts[1]), int(parts[2])


def next_version(version: str, impact: Impact | None) -> str:
    """The version number after changes of an impact (下一版本号)."""
    major, minor, patch = version_key(version)
    if impact is Impact.BREAKING:
        return f"{major + 1}.0.0"
    if impact is Impact.ADDITIVE:
        return f"{major}.{minor + 1}.0"
    return version if impact is None else f"{major}.{minor}.{patch + 1}"
