"""实体模型: the entity types of OGC SensorThings API 1.1 as data.

Source: OGC 18-088 § 8.2 (tables 4 to 24) and § 15 (MultiDatastream). An extension adds an
:class:`EntityType` to :data:`TYPES`; parsers, validation and links follow from the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """What a property holds."""

    TEXT = "text"
    JSON = "json"
    """A JSON object or null: ``properties``, ``parameters``, ``unitOfMeasurement``."""
    ANY = "any"
    """Any JSON value: ``result``, ``metadata``."""
    GEOMETRY = "geometry"
    """GeoJSON, or any JSON value for another encoding."""
    INSTANT = "instant"
    TIME = "time"
    """An instant or an interval."""
    INTERVAL = "interval"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Property:
    """One property: ``mandatory`` on creation; ``computed`` ones the server maintains."""

    name: str
    kind: Kind
    mandatory: bool = False
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Navigation:
    """One relation: to ``many`` or to one ``target``; ``mandatory`` on creation."""

    name: str
    target: str
    many: bool = False
    mandatory: bool = False


@dataclass(frozen=True)
class EntityType:
    """An entity type: singular and plural names, properties in order of the standard, relations."""

    name: str
    plural: str
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...]

    @cached_property
    def by_name(self) -> dict[str, Property]:
        """Properties by name."""
        return {one.name: one for one in self.properties}

    @cached_property
    def links(self) -> dict[str, Navigation]:
        """Relations by name."""
        return {one.name: one for one in self.navigations}


def _text(name: str) -> Property:
    return Property(name, Kind.TEXT, mandatory=True)


_NAME, _DESCRIPTION = _text("name"), _text("description")
_PROPERTIES = Property("properties", Kind.JSON)
_ENCODING = _text("encodingType")
_STREAM_TIMES = (
    Property("observedArea", Kind.GEOMETRY, computed=True),
    Property("phenomenonTime", Kind.INTERVAL, computed=True),
    Property("resultTime", Kind.INTERVAL, computed=True),
)
_OF_STREAMS = (
    Navigation("Datastreams", "Datastream", many=True),
    Navigation("MultiDatastreams", "MultiDatastream", many=True),
)
_OF_STREAM = (Navigation("Thing", "Thing", mandatory=True), Navigation("Sensor", "Sensor", mandatory=True))
_OBSERVATIONS = Navigation("Observations", "Observation", many=True)

TYPES: tuple[EntityType, ...] = (
    EntityType(
        "Thing",
        "Things",
        (_NAME, _DESCRIPTION, _PROPERTIES),
        (
            Navigation("Locations", "Location", many=True),
            Navigation("HistoricalLocations", "HistoricalLocation", many=True),
            *_OF_STREAMS,
        ),
    ),
    EntityType(
        "Location",
        "Locations",
        (_NAME, _DESCRIPTION, _ENCODING, Property("location", Kind.GEOMETRY, mandatory=True), _PROPERTIES),
        (
            Navigation("Things", "Thing", many=True),
            Navigation("HistoricalLocations", "HistoricalLocation", many=True),
        ),
    ),
    EntityType(
        "HistoricalLocation",
        "HistoricalLocations",
        (Property("time", Kind.INSTANT, mandatory=True),),
        (
            Navigation("Thing", "Thing", mandatory=True),
            Navigation("Locations", "Location", many=True, mandatory=True),
        ),
    ),
    EntityType(
        "Datastream",
        "Datastreams",
        (
            _NAME,
            _DESCRIPTION,
            _text("observationType"),
            Property("unitOfMeasurement", Kind.JSON, mandatory=True),
            *_STREAM_TIMES,
            _PROPERTIES,
        ),
        (*_OF_STREAM, Navigation("ObservedProperty", "ObservedProperty", mandatory=True), _OBSERVATIONS),
    ),
    EntityType(
        "MultiDatastream",
        "MultiDatastreams",
        (
            _NAME,
            _DESCRIPTION,
            Property("observationType", Kind.TEXT),
            Property("multiObservationDataTypes", Kind.LIST, mandatory=True),
            Property("unitOfMeasurements", Kind.LIST, mandatory=True),
            *_STREAM_TIMES,
            _PROPERTIES,
        ),
        (
            *_OF_STREAM,
            Navigation("ObservedProperties", "ObservedProperty", many=True, mandatory=True),
            _OBSERVATIONS,
        ),
    ),
    EntityType(
        "Sensor",
        "Sensors",
        (_NAME, _DESCRIPTION, _ENCODING, Property("metadata", Kind.ANY, mandatory=True), _PROPERTIES),
        _OF_STREAMS,
    ),
    EntityType(
        "ObservedProperty",
        "ObservedProperties",
        (_NAME, _text("definition"), _DESCRIPTION, _PROPERTIES),
        _OF_STREAMS,
    ),
    EntityType(
        "Observation",
        "Observations",
        (
            Property("phenomenonTime", Kind.TIME),
            Property("resultTime", Kind.INSTANT),
            Property("result", Kind.ANY, mandatory=True),
            Property("resultQuality", Kind.ANY),
            Property("validTime", Kind.INTERVAL),
            Property("parameters", Kind.JSON),
        ),
        (
            Navigation("Datastream", "Datastream"),
            Navigation("MultiDatastream", "MultiDatastream"),
            Navigation("FeatureOfInterest", "FeatureOfInterest"),
        ),
    ),
    EntityType(
        "FeatureOfInterest",
        "FeaturesOfInterest",
        (_NAME, _DESCRIPTION, _ENCODING, Property("feature", Kind.GEOMETRY, mandatory=True), _PROPERTIES),
        (_OBSERVATIONS,),
    ),
)

BY_NAME = {one.name: one for one in TYPES}
BY_PLURAL = {one.plural: one for one in TYPES}
"""Entity sets by the name in addresses."""
RELATIONS = frozenset(link.name for one in TYPES for link in one.navigations)
"""Names of relations of any type."""
