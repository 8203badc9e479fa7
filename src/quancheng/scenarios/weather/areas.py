"""影响区域: district outlines as CAP polygons and GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.core.cap import Area, Named, Point
from quancheng.core.text import Text

SIMPLIFY_DEGREES = 0.002
GEOCODE = "GB/T 2260"


@cache
def _outlines() -> dict[str, dict[str, Any]]:
    return people.district_outlines()


def known(code: str) -> bool:
    """Whether a district has an outline."""
    return code in _outlines()


def codes() -> tuple[str, ...]:
    """Codes of all districts, in order."""
    return tuple(sorted(_outlines()))


def name(code: str) -> Text:
    """Name of a district."""
    return people.region_name(code)


def cap_areas(codes: Iterable[str], language: str) -> tuple[Area, ...]:
    """One CAP area for each district, outline simplified to about 200 m."""
    return tuple(
        Area(
            description=name(code).pick(language),
            polygons=_polygons(code),
            geocodes=(Named(GEOCODE, code),),
        )
        for code in codes
    )


def feature(code: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A district as a GeoJSON feature with other properties."""
    found = _outlines()[code]
    return {"type": "Feature", "geometry": found["geometry"], "properties": {"code": code} | properties}


@cache
def _polygons(code: str) -> tuple[tuple[Point, ...], ...]:
    return tuple(_rings(_outlines()[code]["geometry"]))


def _rings(geometry: dict[str, Any]) -> Iterator[tuple[Point, ...]]:
    from shapely.geometry import shape

    simple = shape(geometry).simplify(SIMPLIFY_DEGREES)
    for part in getattr(simple, "geoms", [simple]):
        yield tuple(Point(Decimal(f"{lat:.4f}"), Decimal(f"{lon:.4f}")) for lon, lat in part.exterior.coords)
