"""CKAN 形状: entries, organs and classes as CKAN's tables, with the platform's own lasting ids.

A package's id is the entry's id, a resource's id is the data table's where there is one, so that DataStore calls
go to the table; others get an id made of the entry and the distribution.
"""

from __future__ import annotations

import uuid
from typing import Any
from uuid import UUID

from django.conf import settings

from quancheng.capabilities.catalogue import queries
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.models import Entry
from quancheng.capabilities.catalogue.values import EntryInfo
from quancheng.capabilities.people import queries as people
from quancheng.core.catalogue import (
    Category,
    CkanError,
    CkanErrorType,
    CkanSite,
    Organ,
    View,
    organization,
    slug,
    to_package,
)
from quancheng.core.text import Text
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import NotFound

Department: Any = Entry._meta.get_field("organ").related_model


def site() -> CkanSite:
    """Where the open portal lives; the licence is the city's to decide (待核)."""
    return CkanSite(f"{settings.PUBLIC_URL}/open/")


def package(info: EntryInfo) -> dict[str, Any]:
    """An entry as ``package_show`` gives it."""
    made = to_package(info.resource, site(), private=not info.public)
    made["id"] = str(info.entry_id)
    made["groups"] = [group(one) for one in themes_of(info)]
    for row, one in zip(made["resources"], info.resource.distributions, strict=True):
        row["package_id"] = made["id"]
        row["id"] = resource_id(info, one.id)
        row["datastore_active"] = one.id in info.tables
    made["state"] = "active" if info.live else "draft"
    return made


def resource_id(info: EntryInfo, distribution: str) -> str:
    """The id of a distribution."""
    return info.tables.get(distribution) or str(uuid.uuid5(info.entry_id, distribution))


def themes_of(info: EntryInfo) -> list[Category]:
    """The themes an entry is hung on: CKAN's groups."""
    found = dict.fromkeys(code[:3] for code in info.resource.classes)
    return [
        city.tree()[code] for code in found if code in city.tree() and city.tree()[code].view is View.THEME
    ]


def themes() -> list[Category]:
    """All themes."""
    return list(city.tree().children("2"))


def group(one: Category, packages: int = 0) -> dict[str, Any]:
    """A theme as ``group_show`` gives it."""
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{site().base}group/{one.code}")),
        "name": f"theme-{one.code}",
        "title": one.name.zh,
        "display_name": one.name.zh,
        "description": one.name.en,
        "image_display_url": "",
        "image_url": "",
        "type": "group",
        "is_organization": False,
        "approval_status": "approved",
        "state": "active",
        "package_count": packages,
        "extras": [{"key": "code", "value": one.code}],
        "tags": [],
        "groups": [],
        "users": [],
        "num_followers": 0,
        "created": None,
    }


def organ(code: str, name: Text, packages: int = 0) -> dict[str, Any]:
    """A department as ``organization_show`` gives it."""
    return organization(Organ(code, name), site(), packages)


def organ_of(wanted: str) -> Organ | None:
    """The organ of a CKAN id, name or code."""
    try:
        found = people.department(wanted)
        return Organ(found.code, Text(found.zh, found.en))
    except NotFound:
        pass
    for code, zh, en in Department.objects.filter(active=True).values_list("code", "zh", "en"):
        made = Organ(code, Text(zh, en))
        if wanted == slug(code) or wanted == organization(made, site())["id"]:
            return made
    return None


def info_of(actor: Actor, wanted: object) -> EntryInfo:
    """The entry of a CKAN id or name. Raises CkanError."""
    text = str(wanted or "").strip()
    if not text:
        raise CkanError(CkanErrorType.VALIDATION, fields={"id": ["Missing value"]})
    for form in (text, code_of(text)):
        try:
            return queries.entry(actor, form)
        except NotFound:
            continue
    raise CkanError(CkanErrorType.NOT_FOUND)


def code_of(name: str) -> str:
    """The code of a name: ``311001-00001`` is 311001/00001."""
    head, mark, tail = name.rpartition("-")
    return f"{head}/{tail}" if mark else name


def uuid_of(text: str) -> UUID | None:
    """A text as an id, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None
