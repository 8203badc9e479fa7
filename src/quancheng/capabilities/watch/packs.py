"""规则包: rules that come with the platform, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quancheng.capabilities.watch.compiling import found
from quancheng.capabilities.watch.values import Draft, Scope, spec_of

PATH = Path(__file__).resolve().parent / "resources/rules.toml"


def rows() -> list[dict[str, Any]]:
    """The rows of the file."""
    document: list[dict[str, Any]] = tomllib.loads(PATH.read_text(encoding="utf-8"))["rule"]
    return document


def drafts() -> Iterator[tuple[dict[str, Any], Draft]]:
    """Each rule of the packs, and what its first version says."""
    for row in rows():
        spec = dict(row["spec"])
        finding = found(row["parameter"])
        value = finding.value if finding is not None else 0
        if (
            isinstance(value, int | float)
            and "limit" not in spec
            and spec["kind"] not in {"absence", "stuck"}
        ):
            spec["limit"] = float(value)
        if isinstance(value, int | float) and spec["kind"] in {"absence", "stuck"}:
            spec["seconds"] = int(value)
        yield row, Draft(
            spec=spec_of(spec), scope=Scope.of(row["scope"]), level=row["level"],
            incident_type=row["incident_type"], parameter=row["parameter"], note=row.get("note", ""),
        )  # fmt: skip
