"""数据流的归属: which district, property and class of retention a stream has, for the observation store's rollups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from quancheng.capabilities.observations import mapping
from quancheng.capabilities.things.models import BridgePosition, Datastream
from quancheng.capabilities.things.properties import VOLTAGE

PLACES = "places"
DEVICE = "device"
"""Class of what devices say of their own health: parameter ``observations.keep_days_device``."""
_DISTRICT = 6
"""Digits of an administrative code that name the district."""
_CHUNK = 5000


def register_places() -> None:
    """Tell the observation store whom to ask."""
    mapping.register(places_of, places_version)


def places_of(streams: Sequence[int]) -> dict[int, mapping.Place]:
    """Places of the streams that belong to stations; others are left out."""
    found: dict[int, mapping.Place] = {}
    for start in range(0, len(streams), _CHUNK):
        rows = Datastream.objects.filter(number__in=streams[start : start + _CHUNK])
        for number, prop, region in rows.values_list("number", "prop", "station__region"):
            if number is not None:
                keep = DEVICE if prop == VOLTAGE else ""
                found[number] = mapping.Place(region[:_DISTRICT], prop, keep)
    return found


def places_version() -> int:
    """Grows whenever a stream was added or a station went to another district."""
    row = BridgePosition.objects.filter(name=PLACES).values_list("position", flat=True).first()
    return int(row or 0)


def places_changed(at: datetime) -> None:
    """Inside the action that changed a place: rollups of districts are made anew."""
    row, _made = BridgePosition.objects.select_for_update().get_or_create(name=PLACES)
    row.position, row.moved_at = row.position + 1, at
    row.save(update_fields=["position", "moved_at"])
