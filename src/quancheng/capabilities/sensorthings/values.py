"""Values that actions and queries of SensorThings speak in; no tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/"
MEASUREMENT = OM + "OM_Measurement"
COMPLEX = OM + "OM_ComplexObservation"
GEOJSON = "application/geo+json"
"""Encoding of locations and features; ``application/vnd.geo+json`` is the older name and accepted too."""


@dataclass(frozen=True, slots=True)
class StreamFact:
    """A stream as other modules know it: what, of which thing, in which unit."""

    id: int
    key: str
    thing: int
    thing_key: str
    name: str
    property: str
    """Name of the observed property."""
    unit: str
    """Symbol of the unit, e.g. ``mm``."""
    public: bool
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stream of a registry, for ``actions.upsert_things``; property and sensor by their ids."""

    key: str
    name: str
    description: str
    unit_name: str
    unit_symbol: str
    unit_definition: str
    observed_property: int
    sensor: int
    observation_type: str = MEASUREMENT
    properties: Mapping[str, Any] = field(default_factory=dict)
    public: bool = True


@dataclass(frozen=True, slots=True)
class ThingRow:
    """A thing of a registry with its streams, for ``actions.upsert_things``; place in degrees."""

    key: str
    name: str
    description: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    lon: float | None = None
    lat: float | None = None
    location_name: str = ""
    public: bool = True
    streams: tuple[StreamRow, ...] = ()
