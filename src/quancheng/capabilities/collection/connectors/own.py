"""本平台模块: datasets that modules offer in their room ``datasets.py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from quancheng.capabilities.collection.connectors.base import Cursor, Delivered, Source, lines
from quancheng.core.tabular import Dataset
from quancheng.core.text import Text
from quancheng.kernel import clock, registry


def datasets() -> dict[str, Dataset]:
    """Every dataset by ``module.name``, in module order."""
    found: dict[str, Dataset] = {}
    for module in registry.modules():
        room = f"{module.dotted}.datasets"
        if find_spec(room):
            for one in import_module(room).DATASETS:
                found[f"{module.name}.{one.name}"] = one
    return found


class Own:
    """A dataset of a module. settings: ``dataset`` (``module.name``)."""

    secrets: tuple[str, ...] = ()

    def faults(self, settings: Mapping[str, Any]) -> dict[str, Text]:
        """As :class:`SourceKind`."""
        if settings.get("dataset") not in datasets():
            return {"dataset": Text("没有这个数据集。", "There is no such dataset.")}
        return {}

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Any
    ) -> Iterator[Delivered | None]:
        """As :class:`SourceKind`; the moment before reading is the next watermark."""
        name = str(settings["dataset"])
        dataset = datasets()[name]
        began = clock.now().isoformat()
        since = (
            datetime.fromisoformat(cursor["since"]) if dataset.incremental and cursor.get("since") else None
        )
        columns = [one.name for one in dataset.columns]
        rows = ({column: row.get(column) for column in columns} for row in dataset.rows(since))
        source = Source("quancheng", f"datasets/{name}")
        yield Delivered(f"{name}.ndjson", lines(rows), source, lambda: {"since": began})
