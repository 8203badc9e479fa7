"""CKAN Action API v3: the DataStore over opened copies, and packages that say which resources are in it.

``ACTIONS[name](call, params)`` gives the ``result`` of CKAN's answer or raises ``core.catalogue.CkanError``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from quancheng.capabilities.catalogue import ckan_actions as catalogue
from quancheng.capabilities.opening import datastore, queries
from quancheng.kernel.actions import Call

_WITH_RESOURCES = (
    "current_package_list_with_resources", "group_show", "organization_show", "package_search", "package_show",
    "resource_search", "resource_show", "tag_show",
)  # fmt: skip


def datastore_search(call: Call, params: Mapping[str, Any]) -> Any:
    """Rows of an opened table."""
    return json.loads(datastore.search(params))


def datastore_info(call: Call, params: Mapping[str, Any]) -> Any:
    """Rows and columns of an opened table."""
    return datastore.info(params)


def datastore_search_sql(call: Call, params: Mapping[str, Any]) -> Any:
    """A SELECT over one opened table."""
    return datastore.search_sql(params)


def _marked(action: catalogue.Action) -> catalogue.Action:
    """The catalogue's answer, where ``datastore_active`` is told of opened tables alone."""

    def run(call: Call, params: Mapping[str, Any]) -> Any:
        result = action(call, params)
        listed = [row for row in _resources(result) if row["datastore_active"]]
        known = queries.opened_tables({row["id"] for row in listed}) if listed else set()
        for row in listed:
            row["datastore_active"] = row["id"] in known
        return result

    return run


def _resources(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, list):
        for one in found:
            yield from _resources(one)
    elif isinstance(found, dict):
        if "datastore_active" in found:
            yield found
        else:
            for name in ("resources", "results", "packages"):
                yield from _resources(found.get(name))


ACTIONS: dict[str, catalogue.Action] = {
    "datastore_info": datastore_info,
    "datastore_search": datastore_search,
    "datastore_search_sql": datastore_search_sql,
    **{name: _marked(catalogue.ACTIONS[name]) for name in _WITH_RESOURCES},
}
WRITES: frozenset[str] = frozenset()
