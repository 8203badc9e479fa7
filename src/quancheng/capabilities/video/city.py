"""城市轮廓: the bounding box of the city's profile, for maps."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from django.conf import settings


@lru_cache(maxsize=1)
def bounds() -> tuple[float, ...]:
    """West, south, east, north of the city."""
    text = (Path(settings.CITY_FOLDER) / "profile.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["bbox"])
