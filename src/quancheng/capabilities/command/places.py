"""Where a district is on the map, when all we know is the district."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from django.conf import settings

CITY_CENTRE = (117.12, 36.651)


@lru_cache(maxsize=4)
def _labels(folder: str) -> dict[str, tuple[float, float]]:
    path = Path(folder) / "districts.geojson"
    if not path.is_file():
        return {}
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    rows = [one["properties"] for one in features]
    return {str(row["code"]): (row["label"][0], row["label"][1]) for row in rows if "label" in row}


def district_point(region: str) -> tuple[float, float]:
    """The place of a district's name on the map; the city centre for an unknown one."""
    return _labels(str(settings.CITY_FOLDER)).get(region[:6], CITY_CENTRE)
