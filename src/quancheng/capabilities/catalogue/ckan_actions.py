"""CKAN Action API v3: the calls this module answers; the open portal mounts them at ``/api/3/action/<name>``.

``ACTIONS[name](call, params)`` gives the ``result`` of CKAN's answer or raises :class:`core.catalogue.CkanError`;
errors of the platform are translated. ``WRITES`` are those that change something.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from quancheng.capabilities.catalogue import ckan_reading as reading
from quancheng.capabilities.catalogue import ckan_writing as changing
from quancheng.core.catalogue import CatalogueError, CkanError, CkanErrorType, validation_error
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn, QuanchengError

Action = Callable[[Call, Mapping[str, Any]], Any]
_FIELDS = {
    "name": "title",
    "abstract": "notes",
    "provider": "owner_org",
    "keywords": "tags",
    "distributions": "resources",
}


def translated(function: Action) -> Action:
    """An action whose errors are CKAN's."""

    @functools.wraps(function)
    def run(call: Call, params: Mapping[str, Any]) -> Any:
        try:
            return function(call, params)
        except QuanchengError as error:
            raise ckan_error(error) from error
        except CatalogueError as error:
            raise validation_error(error.findings) from error

    return run


def ckan_error(error: QuanchengError) -> CkanError:
    """An error of the platform as CKAN says it."""
    if isinstance(error, NotFound):
        return CkanError(CkanErrorType.NOT_FOUND)
    if isinstance(error, Forbidden | NotSignedIn):
        return CkanError(CkanErrorType.NOT_AUTHORIZED, error.detail.en)
    if isinstance(error, InvalidInput):
        fields: dict[str, list[str]] = {}
        for place, text in error.fields.items():
            head = place.partition("[")[0].partition(".")[0]
            fields.setdefault(_FIELDS.get(head, head), []).append(text.en)
        return CkanError(CkanErrorType.VALIDATION, fields=fields or {"message": [error.detail.en]})
    if isinstance(error, Conflict):
        return CkanError(CkanErrorType.VALIDATION, fields={"message": [error.detail.en]})
    return CkanError(CkanErrorType.INTERNAL)


_READS: tuple[Action, ...] = (
    reading.current_package_list_with_resources, reading.group_list, reading.group_show, reading.license_list,
    reading.organization_list, reading.organization_list_for_user, reading.organization_show,
    reading.package_autocomplete, reading.package_list, reading.package_search, reading.package_show,
    reading.resource_search, reading.resource_show, reading.site_read, reading.status_show, reading.tag_list,
    reading.tag_show,
)  # fmt: skip
_CHANGES: tuple[Action, ...] = (
    changing.package_create, changing.package_delete, changing.package_patch, changing.package_update,
    changing.resource_create, changing.resource_delete, changing.resource_patch, changing.resource_update,
)  # fmt: skip
_DENIED = tuple(
    f"{kind}_{verb}" for kind in ("organization", "group") for verb in ("create", "update", "patch", "delete")
)

ACTIONS: dict[str, Action] = {
    **{one.__name__: translated(one) for one in (*_READS, *_CHANGES)},
    **dict.fromkeys(_DENIED, translated(changing.denied)),
}
WRITES: frozenset[str] = frozenset({*_DENIED, *(one.__name__ for one in _CHANGES)})
