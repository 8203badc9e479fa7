"""Modules made of files in a temporary folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from quancheng.kernel.registry import ModuleLocation

MakeModule = Callable[..., ModuleLocation]

HEAD = """
id = "S99"
name = "{name}"
floor = "{floor}"
zh = "试验"
en = "Trial"
lead = "jn-data"
order = {order}
"""


@pytest.fixture
def make_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeModule]:
    """Write a module: ``make_module("water", "[[role]] …", files={"pages.py": "…"})``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names: list[str] = []

    def make(
        name: str,
        rows: str = "",
        *,
        floor: str = "scenario",
        order: int = 10,
        files: dict[str, str] | None = None,
    ) -> ModuleLocation:
        folder = tmp_path / name
        folder.mkdir()
        names.append(name)
        (folder / "__init__.py").touch()
        text = HEAD.format(name=name, floor=floor, order=order) + dedent(rows)
        (folder / "module.toml").write_text(text, encoding="utf-8")
        for path, source in (files or {}).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(dedent(source), encoding="utf-8")
        return ModuleLocation(name, folder)

    yield make
    for loaded in list(sys.modules):
        if loaded.partition(".")[0] in names:
            del sys.modules[loaded]
