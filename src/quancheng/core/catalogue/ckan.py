"""CKAN 对应: entries as CKAN packages and back, so that CKAN clients work unchanged.

Shapes: ``package_show``, ``organization_show`` and ``resource_show`` of CKAN 2.12 (documentation,
"API guide"). What CKAN has a field for goes there; the rest of the core metadata goes into ``extras``
under our own field names, lists as JSON text, so that nothing is lost on the way back:
``from_package(to_package(r)) == r`` for every entry that has a name and an abstract.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from quancheng.core.catalogue.ckan_errors import CkanError, CkanErrorType, validation_error
from quancheng.core.catalogue.codec import plain, read_resource
from quancheng.core.catalogue.findings import CatalogueError
from quancheng.core.catalogue.slugs import slug
from quancheng.core.catalogue.terms import DataType, Openness
from quancheng.core.catalogue.values import Distribution, Organ, Resource
from quancheng.core.text import Text

__all__ = [
    "CkanSite",
    "datastore_fields",
    "from_package",
    "is_tag",
    "organization",
    "package_id",
    "to_package",
]

_TAG = re.compile(r"[\w \-.]{2,100}")
_EXTRAS = (
    "code", "classes", "formats", "share", "share_condition", "share_basis", "share_modes", "openness",
    "open_condition", "level", "cycle", "issued", "modified", "items", "related", "duties",
)  # fmt: skip
_LISTS = frozenset({"classes", "formats", "share_modes", "items", "related", "duties", "keywords"})
_ALWAYS = frozenset({"classes", "formats", "title_en", "notes_en", "keywords"})
_DATASTORE: dict[DataType, str] = {
    DataType.TEXT: "text",
    DataType.MEMO: "text",
    DataType.GENERAL: "text",
    DataType.NUMBER: "numeric",
    DataType.MONEY: "numeric",
    DataType.DATE: "date",
    DataType.DATETIME: "timestamp",
    DataType.LOGICAL: "bool",
    DataType.DOUBLE: "float8",
    DataType.FLOAT: "float8",
    DataType.INTEGER: "int8",
}


@dataclass(frozen=True, slots=True)
class CkanSite:
    """站点: where the packages live (``base`` ends in "/") and under which licence."""

    base: str
    license_id: str = "notspecified"
    license_title: str = "License not specified"
    license_url: str = ""
    isopen: bool = False


def package_id(site: CkanSite, code: str) -> str:
    """The UUID of an entry (条目标识), the same wherever it is computed (RFC 9562 version 5)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{site.base}dataset/{code}"))


def is_tag(word: str) -> bool:
    """Whether CKAN takes a keyword as a tag (是否可作标签): letters of any script, digits, blank - _ ."""
    return _TAG.fullmatch(word) is not None and word == word.strip()


def to_package(resource: Resource, site: CkanSite, private: bool | None = None) -> dict[str, Any]:
    """An entry as ``package_show`` gives it (转为数据包).

    ``private`` is the caller's knowledge of who may see it; left out, only what is closed is private.
    """
    id = package_id(site, resource.code)
    organ = organization(resource.provider, site)
    tags = [word for word in dict.fromkeys(resource.keywords) if is_tag(word)]
    return {
        "author": resource.provider.name.zh,
        "author_email": "",
        "creator_user_id": None,
        "id": id,
        "isopen": site.isopen and resource.openness is Openness.OPEN,
        "license_id": site.license_id,
        "license_title": site.license_title,
        "license_url": site.license_url,
        "maintainer": "",
        "maintainer_email": "",
        "metadata_created": _moment(resource.issued),
        "metadata_modified": _moment(resource.modified),
        "name": slug(resource.code),
        "notes": resource.abstract.zh,
        "num_resources": len(resource.distributions),
        "num_tags": len(tags),
        "organization": {key: organ[key] for key in _IN_PACKAGE},
        "owner_org": organ["id"],
        "private": resource.openness is Openness.CLOSED if private is None else private,
        "state": "active",
        "title": resource.name.zh,
        "type": "dataset",
        "url": f"{site.base}dataset/{slug(resource.code)}",
        "version": resource.version,
        "extras": _extras(resource, tags),
        "groups": [],
        "resources": [
            _resource(one, place, id, resource, site) for place, one in enumerate(resource.distributions)
        ],
        "tags": [_tag(word, site) for word in tags],
        "relationships_as_subject": [],
        "relationships_as_object": [],
    }


def organization(organ: Organ, site: CkanSite, packages: int = 0) -> dict[str, Any]:
    """An organ as ``organization_show`` gives it (转为组织)."""
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{site.base}organization/{organ.code}")),
        "name": slug(organ.code),
        "title": organ.name.zh,
        "display_name": organ.name.zh,
        "type": "organization",
        "description": organ.name.en,
        "image_url": "",
        "image_display_url": "",
        "created": None,
        "is_organization": True,
        "approval_status": "approved",
        "state": "active",
        "package_count": packages,
        "num_followers": 0,
        "extras": [{"key": "code", "value": organ.code}],
        "groups": [],
        "tags": [],
        "users": [],
    }


_IN_PACKAGE = (
    "id", "name", "title", "type", "description", "image_url", "created", "is_organization",
    "approval_status", "state",
)  # fmt: skip


def from_package(
    data: Mapping[str, Any],
    organ_of: Callable[[str], Organ | None],
    defaults: Mapping[str, Any] | None = None,
) -> Resource:
    """An entry from what a client sends to ``package_create`` or ``package_update`` (读取数据包).

    ``organ_of`` finds the organ of an ``owner_org`` (id, name or code). Core metadata is taken from
    ``extras`` or from top-level keys of the same name; what is missing in both, from ``defaults`` (JSON
    values). Raises :class:`CkanError` of type validation with all messages by field.
    """
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = dict(defaults or {})
    given = _given_extras(data, errors)
    for key in (*_EXTRAS, "keywords"):
        if key in given or key in data:
            values[key] = _decoded(key, given[key] if key in given else data[key], errors)
    owner = str(data.get("owner_org") or "")
    organ = organ_of(owner) if owner else None
    if organ is None:
        errors["owner_org"] = ["Organization does not exist" if owner else "An organization must be provided"]
        organ = Organ("", Text("", ""))
    values["provider"] = plain(organ)
    for key, ours in (("title", "name"), ("notes", "abstract")):
        zh = data.get(key)
        if isinstance(zh, str) and zh:
            values[ours] = {"zh": zh, "en": given.get(f"{key}_en", zh)}
    if "keywords" not in given and isinstance(data.get("tags"), list):
        values["keywords"] = [str(tag.get("name", "")) for tag in data["tags"] if isinstance(tag, Mapping)]
    if isinstance(data.get("resources"), list):
        values["distributions"] = [_distribution(one) for one in data["resources"]]
    if data.get("version"):
        values["version"] = data["version"]
    return _read(values, errors)


def datastore_fields(resource: Resource) -> list[dict[str, Any]]:
    """The items as ``fields`` of CKAN's DataStore, with labels as its data dictionary (数据字典)."""
    return [
        {
            "id": item.field,
            "type": _DATASTORE[item.type],
            "info": {"label": item.name.zh, "notes": item.note, "label_en": item.name.en},
        }
        for item in resource.items
    ]


def _read(values: Mapping[str, Any], errors: Mapping[str, list[str]]) -> Resource:
    try:
        resource = read_resource(values)
    except CatalogueError as error:
        fields = validation_error(error.findings).fields
        raise CkanError(CkanErrorType.VALIDATION, fields={**fields, **errors}) from error
    if errors:
        raise CkanError(CkanErrorType.VALIDATION, fields=errors)
    return resource


def _extras(resource: Resource, tags: Iterable[str]) -> list[dict[str, str]]:
    values = plain(resource)
    extras = {key: values[key] for key in _EXTRAS}
    for key, text in (("title_en", resource.name), ("notes_en", resource.abstract)):
        if text.en != text.zh:
            extras[key] = text.en
    if tuple(tags) != resource.keywords:
        extras["keywords"] = values["keywords"]
    return [
        {"key": key, "value": value if isinstance(value, str) else _json(value)}
        for key, value in sorted(extras.items())
        if value not in ("", []) or key in _ALWAYS
    ]


def _resource(
    one: Distribution, place: int, package: str, resource: Resource, site: CkanSite
) -> dict[str, Any]:
    return {
        "cache_last_updated": None,
        "cache_url": None,
        "created": _moment(resource.issued),
        "datastore_active": False,
        "description": "",
        "format": one.format,
        "hash": one.sha256,
        "id": str(uuid.uuid5(uuid.UUID(package), one.id)),
        "last_modified": _moment(one.modified) if one.modified is not None else None,
        "metadata_modified": _moment(resource.modified),
        "mimetype": None,
        "mimetype_inner": None,
        "name": one.name.zh,
        "package_id": package,
        "position": place,
        "resource_type": one.kind.value,
        "size": one.size,
        "state": "active",
        "url": one.url,
        "url_type": None,
        "key": one.id,
        "name_en": one.name.en,
    }


def _distribution(data: object) -> object:
    if not isinstance(data, Mapping):
        return data
    modified = data.get("last_modified")
    name = data.get("name")
    if name is None:
        name = data.get("url") or ""
    values = {
        "id": data.get("key") or data.get("id") or slug(str(data.get("url", ""))),
        "kind": data.get("resource_type") or "file",
        "name": {"zh": name, "en": data.get("name_en", name)},
        "format": data.get("format") or "",
        "url": data.get("url") or "",
        "size": data.get("size"),
        "sha256": data.get("hash") or "",
        "modified": modified[:10] if isinstance(modified, str) else None,
    }
    return values


def _given_extras(data: Mapping[str, Any], errors: dict[str, list[str]]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    extras = data.get("extras", [])
    for extra in extras if isinstance(extras, list) else [None]:
        if not isinstance(extra, Mapping) or not isinstance(extra.get("key"), str) or not extra["key"]:
            errors["extras"] = ["Each extra is a table with key and value"]
        elif extra["key"] in given:
            errors["extras"] = [f'Duplicate key "{extra["key"]}"']
        else:
            given[extra["key"]] = extra.get("value", "")
    return given


def _decoded(key: str, value: Any, errors: dict[str, list[str]]) -> Any:
    if key not in _LISTS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        errors[key] = ["Could not parse as valid JSON"]
        return []


def _tag(word: str, site: CkanSite) -> dict[str, Any]:
    id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{site.base}tag/{word}"))
    return {"display_name": word, "id": id, "name": word, "state": "active", "vocabulary_id": None}


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000000"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
