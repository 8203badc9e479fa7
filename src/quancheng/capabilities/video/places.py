"""数据流的归属: what is seen by video is kept for its own, shorter time (parameter ``observations.keep_days_video``)."""

from __future__ import annotations

from collections.abc import Sequence

from quancheng.capabilities.observations import mapping
from quancheng.capabilities.sensorthings import queries as sta

KEEP = mapping.Place(keep="video")
_CHUNK = 500


def register_places() -> None:
    """Tell the observation store whom to ask."""
    mapping.register(places_of, places_version)


def places_of(streams: Sequence[int]) -> dict[int, mapping.Place]:
    """Places of the streams of cameras; others are left out."""
    found: dict[int, mapping.Place] = {}
    for start in range(0, len(streams), _CHUNK):
        rows = sta.owned("video").filter(pk__in=streams[start : start + _CHUNK])
        found |= dict.fromkeys(rows.values_list("pk", flat=True), KEEP)
    return found


def places_version() -> int:
    """Streams are added and never change hands: their number says it all."""
    return sta.owned("video").count()
