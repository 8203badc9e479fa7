"""CKAN 读取: package, organization, group, tag and resource calls that change nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quancheng.capabilities.catalogue import ckan_shapes as shapes
from quancheng.capabilities.catalogue import facets, queries
from quancheng.capabilities.catalogue.models import Entry, Link
from quancheng.capabilities.catalogue.values import EntryInfo, Filters
from quancheng.core.catalogue import CkanError, CkanErrorType, is_tag, slug
from quancheng.core.text import Text
from quancheng.kernel import access
from quancheng.kernel.actions import Call

Params = Mapping[str, Any]
_MOST = 1000
_FQ = re.compile(r'([+-]?)([a-z_]+):(?:"([^"]*)"|\(([^)]*)\)|(\S+))')
_FIELDS = frozenset(
    {"groups", "tags", "res_format", "license_id", "private", "name", "title", "type", "dataset_type", "state",
     "organization", "capacity"}
)  # fmt: skip
_SCANNED = 5000
_CHEAP = {"organization": "organ", "res_format": "formats"}
_SORTS = {
    "metadata_modified": "modified",
    "title_string": "title",
    "title": "title",
    "name": "code",
    "score": "score",
}


def package_show(call: Call, params: Params) -> dict[str, Any]:
    """One package; ``id`` is its id or name."""
    return shapes.package(shapes.info_of(call.actor, params.get("id")))


def package_list(call: Call, params: Params) -> list[str]:
    """Names of all packages, by name."""
    found = [
        slug(one)
        for one in queries.rows(call.actor).filter(live=True).order_by("code").values_list("code", flat=True)
    ]
    return sliced(found, params)


def current_package_list_with_resources(call: Call, params: Params) -> list[dict[str, Any]]:
    """Packages, the newest first."""
    start, limit = _whole(params, "offset", 0), _whole(params, "limit", _MOST)
    found = queries.rows(call.actor).filter(live=True).order_by("-changed_at", "-id")
    return [
        shapes.package(one)
        for one in queries.infos(call.actor, list(found[start : start + min(limit, _MOST)]))
    ]


def package_search(call: Call, params: Params) -> dict[str, Any]:
    """``q``, ``fq``, ``rows``, ``start``, ``sort``, ``facet.field``: what this catalogue knows of Solr's words."""
    rows, start = min(_whole(params, "rows", 10), _MOST), _whole(params, "start", 0)
    wanted, rest = filters_of(params)
    words = str(params.get("q") or "").strip()
    words = "" if words in {"*:*", "*"} else words
    fast = _at_once(call, params, words, wanted, rest, (start, rows))
    if fast is not None:
        return fast
    everything = queries.search(call.actor, words, wanted, size=_SCANNED)
    hits = [hit.entry for hit in everything.hits if hit.entry.live and _fits(hit.entry, rest)]
    hits = _sorted(hits, str(params.get("sort") or ""))
    page = [shapes.package(one) for one in hits[start : start + rows]]
    counted = _facets(hits, params)
    return {
        "count": len(hits),
        "results": page,
        "sort": str(params.get("sort") or "score desc, metadata_modified desc"),
        "facets": {name: {row["name"]: row["count"] for row in table} for name, table in counted.items()},
        "search_facets": {name: {"title": name, "items": table} for name, table in counted.items()},
    }


def _at_once(
    call: Call,
    params: Params,
    words: str,
    wanted: Filters,
    rest: list[tuple[str, str, bool]],
    at: tuple[int, int],
) -> dict[str, Any] | None:
    """The usual question of a portal, answered from the index alone: one page is read, facets are counted in memory.

    Filters on the organ alone, ranked order, facets of organ and format; None when more is asked, or when the
    caller also sees drafts, which CKAN's search does not show.
    """
    asked = _asked_facets(params)
    plain = (
        all(field == "organization" and not excluded for field, _value, excluded in rest) and len(rest) < 2
    )
    ranked = str(params.get("sort") or "").replace(" ", "") in {
        "",
        "scoredesc",
        "scoredesc,metadata_modifieddesc",
    }
    sees_drafts = access.allowed(call.actor, "work", Entry)
    if not plain or not ranked or sees_drafts or not set(asked) <= _CHEAP.keys():
        return None
    if rest:
        wanted = replace(wanted, organ=rest[0][1])
    found = queries.search(call.actor, words, wanted, size=at[1], cursor=str(at[0]))
    counts = {field: dict(found.facets[_CHEAP[field]]) for field in asked}
    tables = {
        field: [{"name": _word(field, value), "display_name": value, "count": n} for value, n in rows.items()]
        for field, rows in counts.items()
    }
    return {
        "count": found.total,
        "results": [shapes.package(hit.entry) for hit in found.hits],
        "sort": "score desc, metadata_modified desc",
        "facets": {field: {row["name"]: row["count"] for row in table} for field, table in tables.items()},
        "search_facets": {field: {"title": field, "items": table} for field, table in tables.items()},
    }


def filters_of(params: Params) -> tuple[Filters, list[tuple[str, str, bool]]]:
    """What of ``fq`` is a filter of ours, and what has to be looked at one by one. Raises CkanError."""
    text = str(params.get("fq") or "")
    listed = params.get("fq_list")
    text = " ".join([text, *(str(one) for one in listed)] if isinstance(listed, list) else [text])
    organ, rest = "", []
    for sign, field, quoted, grouped, plain in _FQ.findall(text):
        value = quoted or grouped or plain
        if field in {"organization", "owner_org"} and sign != "-":
            found = shapes.organ_of(value)
            organ = found.code if found is not None else "\x00"
        elif field in _FIELDS:
            rest.append((field, value, sign == "-"))
        else:
            raise CkanError(CkanErrorType.SEARCH_QUERY, f"unknown field {field}")
    return Filters(), [("organization", organ, False), *rest] if organ else rest


def _fits(info: EntryInfo, rest: list[tuple[str, str, bool]]) -> bool:
    return all((value in _values(info, field)) != excluded for field, value, excluded in rest)


def _values(info: EntryInfo, field: str) -> set[str]:
    one = info.resource
    known = {
        "organization": {info.organ},
        "groups": {f"theme-{theme.code}" for theme in shapes.themes_of(info)},
        "tags": set(one.keywords),
        "res_format": {name.upper() for name in one.formats} | set(one.formats),
        "license_id": {shapes.site().license_id},
        "private": {"false" if info.public else "true", "False" if info.public else "True"},
        "name": {slug(one.code)},
        "title": {one.name.zh, one.name.en},
        "type": {"dataset"},
        "dataset_type": {"dataset"},
        "state": {"active"},
        "capacity": {"public" if info.public else "private"},
    }
    return known.get(field, set())


def _sorted(found: list[EntryInfo], text: str) -> list[EntryInfo]:
    """The last key first, as stable sorts go; what is unknown is refused."""
    keys: list[tuple[str, bool]] = []
    for part in text.split(","):
        words = part.split()
        if not words:
            continue
        if words[0] not in _SORTS or (len(words) > 1 and words[1] not in {"asc", "desc"}):
            raise CkanError(CkanErrorType.SEARCH_QUERY, f"cannot sort by {part.strip()}")
        keys.append((_SORTS[words[0]], len(words) > 1 and words[1] == "desc"))
    for key, down in reversed(keys):
        if key == "modified":
            found = sorted(found, key=lambda one: one.resource.modified, reverse=down)
        elif key == "title":
            found = sorted(found, key=lambda one: one.resource.name.zh, reverse=down)
        elif key == "code":
            found = sorted(found, key=lambda one: one.code, reverse=down)
    return found


def _asked_facets(params: Params) -> list[str]:
    asked = params.get("facet.field") or []
    if isinstance(asked, str):
        try:
            asked = json.loads(asked)
        except ValueError as broken:
            raise CkanError(CkanErrorType.VALIDATION, fields={"facet.field": ["Not a JSON list"]}) from broken
    return [str(one) for one in asked] if isinstance(asked, list) else []


def _facets(hits: list[EntryInfo], params: Params) -> dict[str, list[dict[str, Any]]]:
    asked = _asked_facets(params)
    limit = _whole(params, "facet.limit", 50, least=-1)
    names = {row["name"]: row["title"] for row in map(shapes.group, shapes.themes())}
    names |= {slug(one.organ): one.resource.provider.name.zh for one in hits}
    found: dict[str, list[dict[str, Any]]] = {}
    for field in asked:
        counts = Counter(
            _word(field, value) for one in hits for value in _values(one, str(field)) if _upper(field, value)
        )
        rows = counts.most_common(None if limit < 0 else limit)
        found[str(field)] = [
            {"name": name, "display_name": names.get(name, name), "count": n} for name, n in rows
        ]
    return found


def _upper(field: object, value: str) -> bool:
    return field != "private" or value[:1].islower()


def _word(field: object, value: str) -> str:
    return slug(value) if field == "organization" else value


def package_autocomplete(call: Call, params: Params) -> list[dict[str, Any]]:
    """Packages whose name or title begin so."""
    words, limit = str(params.get("q") or ""), min(_whole(params, "limit", 10), 100)
    found = queries.search(call.actor, f"{words}*" if words else "", size=limit)
    return [
        {"name": slug(hit.entry.code), "title": hit.entry.resource.name.zh, "match_field": "title",
         "match_displayed": hit.entry.resource.name.zh}
        for hit in found.hits
    ]  # fmt: skip


# -- resources --------------------------------------------------------------------------------
def resource_show(call: Call, params: Params) -> dict[str, Any]:
    """One resource by its id."""
    wanted = str(params.get("id") or "")
    if not wanted:
        raise CkanError(CkanErrorType.VALIDATION, fields={"id": ["Missing value"]})
    return found_resource(call, wanted)[1]


def found_resource(call: Call, wanted: str) -> tuple[EntryInfo, dict[str, Any]]:
    """The entry and resource of an id. Raises CkanError."""
    linked = Link.objects.filter(table_id=wanted).values_list("entry__entry_id", flat=True).first()
    infos = [shapes.info_of(call.actor, linked)] if linked is not None else _with_distributions(call)
    for info in infos:
        for row in shapes.package(info)["resources"]:
            if row["id"] == wanted:
                return info, row
    raise CkanError(CkanErrorType.NOT_FOUND)


def _with_distributions(call: Call) -> list[EntryInfo]:
    rows = queries.rows(call.actor).exclude(working__distributions=[])
    return queries.infos(call.actor, list(rows[:5000]))


def resource_search(call: Call, params: Params) -> dict[str, Any]:
    """``query`` as ``field:term`` (name, format, description, url), one or a list."""
    asked = params.get("query")
    terms = [str(one).partition(":") for one in (asked if isinstance(asked, list) else [asked]) if one]
    if not terms or any(field not in {"name", "format", "description", "url"} for field, _m, _t in terms):
        raise CkanError(CkanErrorType.VALIDATION, fields={"query": ["Missing value"]})
    rows = [
        row for info in _with_distributions(call) if info.live for row in shapes.package(info)["resources"]
    ]
    found = [
        row for row in rows if all(term.casefold() in str(row[field]).casefold() for field, _m, term in terms)
    ]
    return {"count": len(found), "results": sliced(found, params)}


# -- organs, themes, tags ---------------------------------------------------------------------
def organization_list(call: Call, params: Params) -> list[Any]:
    """Organs that hold something the caller may see; names, or tables with ``all_fields``."""
    counts = {organ: number for (organ,), number in facets.seen_groups(call.actor, "organ")}
    rows = shapes.Department.objects.filter(code__in=list(counts)).order_by("order", "code")
    made = [shapes.organ(one.code, Text(one.zh, one.en), counts[one.code]) for one in rows]
    wanted = params.get("organizations")
    if isinstance(wanted, list):
        made = [one for one in made if one["name"] in wanted or one["id"] in wanted]
    return sliced(made if _flag(params, "all_fields") else [one["name"] for one in made], params)


def organization_show(call: Call, params: Params) -> dict[str, Any]:
    """One organ, with its packages when asked."""
    found = shapes.organ_of(str(params.get("id") or ""))
    if found is None:
        raise CkanError(CkanErrorType.NOT_FOUND)
    rows = queries.rows(call.actor).filter(organ__code=found.code, live=True).order_by("-changed_at")
    made = shapes.organ(found.code, found.name, rows.count())
    if _flag(params, "include_datasets"):
        made["packages"] = [shapes.package(one) for one in queries.infos(call.actor, list(rows[:_MOST]))]
    return made


def organization_list_for_user(call: Call, params: Params) -> list[dict[str, Any]]:
    """Organs whose catalogue the caller writes."""
    from quancheng.capabilities.catalogue.showing import own_organs

    if not call.actor.is_authenticated:
        return []
    return [shapes.organ(code, Text(zh, zh)) for code, zh in own_organs(call.actor)]


def group_list(call: Call, params: Params) -> list[Any]:
    """Themes."""
    counts = _theme_counts(call)
    made = [shapes.group(one, counts[one.code]) for one in shapes.themes()]
    return sliced(made if _flag(params, "all_fields") else [one["name"] for one in made], params)


def group_show(call: Call, params: Params) -> dict[str, Any]:
    """One theme by its id or name."""
    wanted = str(params.get("id") or "")
    counts = _theme_counts(call)
    for one in shapes.themes():
        made = shapes.group(one, counts[one.code])
        if wanted in {made["id"], made["name"], one.code}:
            if _flag(params, "include_datasets"):
                rows = queries.rows(call.actor).filter(live=True, classes__contains=f"|{one.code}")
                made["packages"] = [
                    shapes.package(info) for info in queries.infos(call.actor, list(rows[:_MOST]))
                ]
            return made
    raise CkanError(CkanErrorType.NOT_FOUND)


def _theme_counts(call: Call) -> Counter[str]:
    total: Counter[str] = Counter()
    for group, number in facets.seen_groups(call.actor, "classes"):
        for code in {one[:3] for one in group}:
            total[code] += number
    return total


def tag_list(call: Call, params: Params) -> list[Any]:
    """Keywords of all packages the caller may see, by name."""
    words = str(params.get("query") or "").casefold()
    found: set[str] = set()
    for listed in queries.rows(call.actor).filter(live=True).values_list("published__keywords", flat=True):
        found.update(word for word in listed or () if is_tag(word) and words in word.casefold())
    return sliced(sorted(found), params)


def tag_show(call: Call, params: Params) -> dict[str, Any]:
    """One keyword, with its packages when asked."""
    name = str(params.get("id") or "")
    if name not in tag_list(call, {}):
        raise CkanError(CkanErrorType.NOT_FOUND)
    made: dict[str, Any] = {"id": name, "name": name, "display_name": name, "vocabulary_id": None}
    if _flag(params, "include_datasets"):
        made["packages"] = package_search(call, {"fq": f'tags:"{name}"', "rows": _MOST})["results"]
    return made


def license_list(call: Call, params: Params) -> list[dict[str, Any]]:
    """The one licence of the site."""
    one = shapes.site()
    return [{"id": one.license_id, "title": one.license_title, "url": one.license_url, "status": "active",
             "is_okd_compliant": one.isopen, "is_osi_compliant": False, "domain_data": True}]  # fmt: skip


def status_show(call: Call, params: Params) -> dict[str, Any]:
    """What answers here; ``ckan_version`` is the API version followed, this is no CKAN."""
    return {
        "ckan_version": "2.12.0",
        "site_title": "泉城公共数据开放 Quancheng open data",
        "site_description": "",
        "site_url": shapes.site().base.rstrip("/"),
        "error_emails_to": None,
        "locale_default": "zh_Hans_CN",
        "extensions": ["datastore"],
        "software": "quancheng",
    }


def site_read(call: Call, params: Params) -> bool:
    """Whether the site can be read."""
    return True


def sliced(found: list[Any], params: Params) -> list[Any]:
    """``offset`` and ``limit`` of a list."""
    start, limit = _whole(params, "offset", 0), _whole(params, "limit", -1, least=-1)
    return found[start:] if limit < 0 else found[start : start + limit]


def _whole(params: Params, name: str, default: int, least: int = 0) -> int:
    raw = params.get(name)
    if raw in (None, ""):
        return default
    try:
        number = int(str(raw))
    except ValueError:
        number = least - 1
    if not least <= number <= 1_000_000:
        raise CkanError(CkanErrorType.VALIDATION, fields={name: ["Must be a natural number"]})
    return number


def _flag(params: Params, name: str) -> bool:
    return str(params.get(name, "")).casefold() in {"true", "1", "yes", "on"}
