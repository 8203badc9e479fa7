"""城市轮廓: what things needs of the city profile: outlines, bounding box, streets."""

from __future__ import annotations

import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.capabilities.people import queries as people


@lru_cache(maxsize=1)
def bounds() -> tuple[float, ...]:
    """West, south, east, north of the city."""
    text = (Path(settings.CITY_FOLDER) / "profile.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["bbox"])


def outlines() -> list[tuple[str, dict[str, Any]]]:
    """Code and GeoJSON geometry of each district."""
    raw = json.loads((Path(settings.CITY_FOLDER) / "districts.geojson").read_text(encoding="utf-8"))
    return [(one["properties"]["code"], one["geometry"]) for one in raw["features"]]


def street_names(district: str) -> list[tuple[str, str]]:
    """Streets of a district in Chinese and English."""
    return [(one.text.zh, one.text.en) for one in people.regions(district)]
