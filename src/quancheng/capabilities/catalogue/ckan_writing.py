"""CKAN 写入: packages and resources through the same actions as the pages, approval included.

A package that is created is a draft of its organ. For who may register by rule (the data bureau) a sound one is
published at once; for others it stays private until a second person approves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quancheng.capabilities.catalogue import actions, ckan_reading, queries
from quancheng.capabilities.catalogue import ckan_shapes as shapes
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.models import Entry
from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.core.catalogue import (
    CkanError,
    CkanErrorType,
    Resource,
    check,
    errors_of,
    from_package,
    plain,
    validation_error,
)
from quancheng.kernel import access, clock
from quancheng.kernel.actions import Call

Params = Mapping[str, Any]
_DENIED = "Organs and themes are kept by the platform, not through this interface"


def package_create(call: Call, params: Params) -> dict[str, Any]:
    """A draft; published at once for who may register and unless ``private``."""
    today = clock.today().isoformat()
    owner = shapes.organ_of(str(params.get("owner_org") or ""))
    home = city.class_of(owner.code) if owner is not None else ""
    defaults = {
        "code": "", "classes": [home] if home else [], "formats": ["CSV"], "share": "unconditional",
        "share_modes": ["file"], "openness": "open", "level": "1", "cycle": "irregular", "issued": today,
        "modified": today, "abstract": {"zh": "", "en": ""},
    }  # fmt: skip
    value = from_package(params, shapes.organ_of, defaults)
    made = actions.create_entry(call, resource=value)
    _publish(call, made, params)
    return _shown(call, made)


def package_update(call: Call, params: Params) -> dict[str, Any]:
    """The working copy becomes what is sent; core metadata that is not sent stays."""
    info = shapes.info_of(call.actor, params.get("id") or params.get("name"))
    row = queries.row(call.actor, info.entry_id)
    before = row.draft
    kept = plain(before)
    sent = {"resources", "tags"} - params.keys()
    for name, ours in (("resources", "distributions"), ("tags", "keywords")):
        if name in sent:
            kept[ours] = []
    given = {"owner_org": row.organ.code, **params}
    return _edited(call, row, from_package(given, shapes.organ_of, kept), params)


def package_patch(call: Call, params: Params) -> dict[str, Any]:
    """As :func:`package_update`, but what is not sent stays."""
    info = shapes.info_of(call.actor, params.get("id"))
    row = queries.row(call.actor, info.entry_id)
    given = {"owner_org": row.organ.code, **params}
    return _edited(call, row, from_package(given, shapes.organ_of, plain(row.draft)), params)


def package_delete(call: Call, params: Params) -> None:
    """A published entry is proposed for withdrawal, a draft is discarded."""
    info = shapes.info_of(call.actor, params.get("id"))
    if info.live:
        actions.propose_withdrawal(call, entry=info.entry_id, reason="CKAN package_delete")
    else:
        actions.discard_entry(call, entry=info.entry_id)


def resource_create(call: Call, params: Params) -> dict[str, Any]:
    """Hang a distribution on a package."""
    info = shapes.info_of(call.actor, params.get("package_id"))
    row = queries.row(call.actor, info.entry_id)
    known = {one.id for one in row.draft.distributions}
    number = next(n for n in range(1, 1000) if f"r{n}" not in known)
    sent = {**params, "key": params.get("key") or f"r{number}"}
    made = _distribution(sent, row.draft)
    _edited(call, row, replace(row.draft, distributions=(*row.draft.distributions, made)), params)
    fresh = queries.infos(call.actor, [queries.row(call.actor, info.entry_id)])[0]
    return _row_of(call, fresh, made.id)


def resource_update(call: Call, params: Params) -> dict[str, Any]:
    """Change a distribution; what is not sent becomes empty."""
    return _resource_changed(call, params, {})


def resource_patch(call: Call, params: Params) -> dict[str, Any]:
    """Change a distribution; what is not sent stays."""
    _info, row = ckan_reading.found_resource(call, str(params.get("id") or ""))
    return _resource_changed(call, params, row)


def _resource_changed(call: Call, params: Params, kept: Mapping[str, Any]) -> dict[str, Any]:
    info, old = ckan_reading.found_resource(call, str(params.get("id") or ""))
    row = queries.row(call.actor, info.entry_id)
    made = _distribution({**kept, **params, "key": old["key"]}, row.draft)
    parts = tuple(made if one.id == old["key"] else one for one in row.draft.distributions)
    _edited(call, row, replace(row.draft, distributions=parts), params)
    return _row_of(call, queries.entry(call.actor, info.entry_id), made.id)


def resource_delete(call: Call, params: Params) -> None:
    """Take a distribution off; its data table stays."""
    info, old = ckan_reading.found_resource(call, str(params.get("id") or ""))
    row = queries.row(call.actor, info.entry_id)
    parts = tuple(one for one in row.draft.distributions if one.id != old["key"])
    _edited(call, row, replace(row.draft, distributions=parts), params)


def denied(call: Call, params: Params) -> None:
    """Departments and classes come from the city's own registers."""
    raise CkanError(CkanErrorType.NOT_AUTHORIZED, _DENIED)


def _distribution(sent: Params, resource: Resource) -> Any:
    given = {"owner_org": resource.provider.code, "resources": [sent]}
    return from_package(given, shapes.organ_of, plain(resource)).distributions[0]


def _edited(call: Call, row: Entry, value: Resource, params: Params) -> dict[str, Any]:
    made = actions.edit_entry(call, entry=row.entry_id, resource=replace(value, version=row.draft.version))
    _publish(call, made, params)
    return _shown(call, made)


def _publish(call: Call, made: Entry, params: Params) -> None:
    """At once for who may register by rule, when nothing is wrong with it."""
    if params.get("private") in (True, "true", "True") or not access.allowed(call.actor, "register", made):
        return
    if errors_of(check(made.draft, city.standards())):
        return
    actions.register_entry(call.with_key(None), resource=made.draft)


def _shown(call: Call, made: Entry) -> dict[str, Any]:
    row = queries.row(call.actor, made.entry_id)
    info = queries.infos(call.actor, [row])[0]
    package = shapes.package(replace(info, resource=row.draft))
    findings = errors_of(check(row.draft, city.standards()))
    if findings:
        package["quancheng_faults"] = validation_error(findings, row.draft).fields
    return package


def _row_of(call: Call, info: EntryInfo, distribution: str) -> dict[str, Any]:
    row = queries.row(call.actor, info.entry_id)
    package = shapes.package(replace(info, resource=row.draft))
    found: dict[str, Any] = next(one for one in package["resources"] if one["key"] == distribution)
    return found
