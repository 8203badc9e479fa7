"""位置: bounds of geometries, and the feature made from a thing's location."""

from __future__ import annotations

from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import shape

from quancheng.capabilities.sensorthings import versions
from quancheng.capabilities.sensorthings.models import FeatureOfInterest, Location, Placed, Stream, Thing
from quancheng.capabilities.sensorthings.values import GEOJSON
from quancheng.kernel.actions import Call

GEOJSON_ENCODINGS = frozenset({GEOJSON, "application/vnd.geo+json", "application/geo json"})
_WRONG = (ValueError, TypeError, KeyError, AttributeError, IndexError, ShapelyError)


def geometry_of(value: Any) -> Any:
    """The shapely geometry of a GeoJSON geometry or Feature; None for anything else."""
    if not isinstance(value, dict):
        return None
    if value.get("type") == "Feature":
        value = value.get("geometry")
    try:
        return shape(value)
    except _WRONG:
        return None


def bound(row: Placed) -> None:
    """Fill the bounds of a row from its geometry."""
    found = geometry_of(row.geometry)
    box = found.bounds if found is not None and not found.is_empty else (None, None, None, None)
    row.west, row.south, row.east, row.north = box


def feature_of(call: Call, location: Location) -> int:
    """The id of the feature made from a location; made now when there is none (OGC 18-088 § 10.2).

    Only inside an action.
    """
    if location.feature_id is None:
        made = FeatureOfInterest(
            name=location.name,
            description=location.description,
            encoding_type=location.encoding_type,
            geometry=location.geometry,
            properties=location.properties,
            public=location.public,
        )
        bound(made)
        made.save()
        versions.keep(call, made, versions.CREATE)
        location.feature = made
        location.save(update_fields=["feature"])
    assert location.feature_id is not None
    return int(location.feature_id)


def place_of(thing_id: int) -> Location | None:
    """The location whose feature observations of a thing are about: GeoJSON before other encodings."""
    rows = list(Location.objects.filter(things=thing_id).order_by("-id")[:10])
    readable = [one for one in rows if one.encoding_type in GEOJSON_ENCODINGS]
    chosen: Location | None = next(iter(readable or rows), None)
    return chosen


def point(lon: float, lat: float) -> dict[str, Any]:
    """A GeoJSON point, degrees."""
    return {"type": "Point", "coordinates": [lon, lat]}


def same_place(thing: Thing, lon: float, lat: float) -> bool:
    """Whether a thing is at a point already."""
    return Location.objects.filter(things=thing, west=lon, east=lon, south=lat, north=lat).exists()


def widen(stream: Stream, feature: FeatureOfInterest) -> bool:
    """Widen a stream's observed area by a feature; whether it changed. The caller saves."""
    if None in (feature.west, feature.south, feature.east, feature.north):
        return False
    west, south = float(feature.west or 0), float(feature.south or 0)
    from shapely.geometry import box, mapping

    old = geometry_of(stream.area)
    new = box(feature.west, feature.south, feature.east, feature.north)
    both = new if old is None else old.union(new)
    around = both.envelope if not both.envelope.is_empty else new
    area = _plain(mapping(around))
    if (
        feature.west == feature.east
        and feature.south == feature.north
        and (old is None or old.equals(around))
    ):
        area = point(west, south)
    changed = bool(area != stream.area)
    stream.area = area
    return changed


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
