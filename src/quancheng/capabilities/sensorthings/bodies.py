"""读正文: the properties of an entity in a request body, judged and as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.sensorthings.messages import bad
from quancheng.capabilities.sensorthings.places import GEOJSON_ENCODINGS, geometry_of
from quancheng.capabilities.sensorthings.recording import fast_instant
from quancheng.capabilities.sensorthings.tables import TABLES
from quancheng.capabilities.sensorthings.values import COMPLEX
from quancheng.core.sensorthings.model import EntityType, Kind, Property

_UNIT_KEYS = ("name", "symbol", "definition")


def columns(type: EntityType, body: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """Columns of an entity's own properties; ``whole`` = all mandatory ones must be there.

    Raises Refused 400 for unknown names, missing or wrong values.
    """
    if not isinstance(body, Mapping):
        raise bad("实体应为对象。", "An entity must be an object.")
    table = TABLES[type.name]
    _known(type, body)
    found: dict[str, Any] = {}
    for one in type.properties:
        if one.computed:
            continue
        if one.name not in body or (body[one.name] is None and not one.mandatory):
            if whole and one.mandatory:
                raise bad(f"{type.name} 缺少 {one.name}。", f"{type.name} lacks {one.name}.")
            if one.name in body:
                found[table.columns[one.name]] = None
            continue
        found[table.columns[one.name]] = _value(type, one, body[one.name])
    _together(type, found)
    return found


def _known(type: EntityType, body: Mapping[str, Any]) -> None:
    for name in body:
        if name in type.by_name or name in type.links or "@" in name or name in ("id", "selfLink"):
            continue
        raise bad(f"{type.name} 没有属性 {name[:60]}。", f"{type.name} has no property {name[:60]}.")


def _value(type: EntityType, one: Property, value: Any) -> Any:
    if value is None:
        raise bad(f"{one.name} 不能为空。", f"{one.name} must not be null.")
    match one.kind:
        case Kind.TEXT:
            if not isinstance(value, str) or "\x00" in value:
                raise bad(f"{one.name} 应为文字。", f"{one.name} must be a string.")
        case Kind.JSON:
            if not isinstance(value, dict):
                raise bad(f"{one.name} 应为对象。", f"{one.name} must be an object.")
        case Kind.LIST:
            if not isinstance(value, list) or not value:
                raise bad(f"{one.name} 应为非空列表。", f"{one.name} must be a list with something in it.")
        case Kind.INSTANT:
            return fast_instant(value)
    return value


def _together(type: EntityType, found: dict[str, Any]) -> None:
    """What properties must be beside each other."""
    if type.name in ("Location", "FeatureOfInterest") and "geometry" in found:
        encoding = found.get("encoding_type")
        if encoding in GEOJSON_ENCODINGS and geometry_of(found["geometry"]) is None:
            raise bad("不是GeoJSON几何。", "Not a GeoJSON geometry.")
    if type.name == "MultiDatastream":
        _multi(found)
    if type.name == "HistoricalLocation":
        return


def _multi(found: dict[str, Any]) -> None:
    units, types = found.get("unit"), found.get("data_types")
    if units is not None and not all(isinstance(one, dict) for one in units):
        raise bad("unitOfMeasurements 应为对象列表。", "unitOfMeasurements must be a list of objects.")
    if types is not None and not all(isinstance(one, str) for one in types):
        raise bad(
            "multiObservationDataTypes 应为文字列表。", "multiObservationDataTypes must be a list of strings."
        )
    if units is not None and types is not None and len(units) != len(types):
        raise bad("单位与类型个数不同。", "As many units as types are needed.")
    if "observation_type" in found and found["observation_type"] not in (COMPLEX, None):
        raise bad(f"observationType 应为 {COMPLEX}。", f"observationType must be {COMPLEX}.")
