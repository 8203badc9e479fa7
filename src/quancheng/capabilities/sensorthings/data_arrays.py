"""数据数组: observations by stream, one short list each (OGC 18-088 § 12.1)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from quancheng.capabilities.sensorthings.facts import is_multi
from quancheng.capabilities.sensorthings.observing import Row
from quancheng.capabilities.sensorthings.rendering import Renderer
from quancheng.core.sensorthings.model import BY_NAME
from quancheng.core.sensorthings.options import Query

_OBSERVATION = BY_NAME["Observation"]
COMPONENTS = ("id", "phenomenonTime", "resultTime", "result")
_KEYS = {"id": "@iot.id", "selfLink": "@iot.selfLink"}


def data_arrays(renderer: Renderer, rows: list[Row], query: Query) -> list[dict[str, Any]]:
    """One object a stream: components as asked by ``$select``, and the arrays."""
    plain = Query(select=query.select)
    components = list(query.select or COMPONENTS)
    components = [name for name in components if name in _KEYS or name in _OBSERVATION.by_name]
    if query.select is None:
        shown = [renderer.one(_OBSERVATION, row, Query(select=(*COMPONENTS, *_EXTRAS))) for row in rows]
        components += [name for name in _EXTRAS if any(name in one for one in shown)]
    else:
        shown = [renderer.one(_OBSERVATION, row, plain) for row in rows]
    expanded = [item.navigation for item in query.expand]
    if expanded:  # what is expanded becomes a component, as a property
        whole = renderer.many(_OBSERVATION, rows, Query(select=("id",), expand=query.expand))
        shown = [
            one | {name: more.get(name) for name in expanded} for one, more in zip(shown, whole, strict=True)
        ]
        components += expanded
    groups: dict[int, list[list[Any]]] = defaultdict(list)
    for row, one in zip(rows, shown, strict=True):
        groups[row.stream].append([one.get(_KEYS.get(name, name)) for name in components])
    return [
        {
            f"{_kind(stream)}@iot.navigationLink": f"{renderer.root}/{_kind(stream)}s({stream})",
            "components": components,
            "dataArray@iot.count": len(arrays),
            "dataArray": arrays,
        }
        for stream, arrays in groups.items()
    ]


_EXTRAS = ("resultQuality", "validTime", "parameters")


def _kind(stream: int) -> str:
    return "MultiDatastream" if is_multi(stream) else "Datastream"
