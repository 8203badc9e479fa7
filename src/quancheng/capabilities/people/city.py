"""城市画像: the data of ``settings.CITY_FOLDER`` as values. Files only, read once."""

from __future__ import annotations

import gzip
import hashlib
import json
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.core.text import Text


class RegionLevel(StrEnum):
    """区划层级."""

    CITY = "city"
    DISTRICT = "district"
    ZONE = "zone"
    STREET = "street"
    COMMUNITY = "community"


@dataclass(frozen=True, slots=True)
class Region:
    """One administrative region 区划, or a functional zone 功能区."""

    code: str
    text: Text
    level: RegionLevel
    parent: str
    zone: str = ""
    """For streets: the functional zone that administers them, or empty."""
    lies_in: str = ""
    """For streets and communities: the district they lie in geographically."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the API."""
        return {
            "code": self.code,
            "name": self.text.to_dict(),
            "level": self.level.value,
            "parent": self.parent,
            "zone": self.zone,
            "lies_in": self.lies_in,
        }


def folder() -> Path:
    """The folder of the city profile."""
    return Path(settings.CITY_FOLDER)


@lru_cache(maxsize=32)
def document(name: str) -> dict[str, Any]:
    """A TOML file of the profile, e.g. ``document("departments")``; do not change the answer."""
    return tomllib.loads((folder() / f"{name}.toml").read_text(encoding="utf-8"))


def profile() -> dict[str, Any]:
    """``profile.toml``: code, names, centre, bounding box, sources."""
    return document("profile")


@lru_cache(maxsize=1)
def all_regions() -> dict[str, Region]:
    """Every region by code: city, districts, zones, streets, communities."""
    about = profile()
    city = about["code"]
    tree = json.loads(gzip.decompress((folder() / "regions.json.gz").read_bytes()))
    found = {city: Region(city, Text(about["zh"], about["en"]), RegionLevel.CITY, "")}
    for code, zh, en in tree["districts"]:
        found[code] = Region(code, Text(zh, en), RegionLevel.DISTRICT, city, lies_in=code)
    for zone in tree["zones"]:
        code = zone["code"]
        found[code] = Region(code, Text(zone["short"], zone["en"]), RegionLevel.ZONE, city)
    for code, zh, en, lies_in, zone in tree["streets"]:
        found[code] = Region(code, Text(zh, en), RegionLevel.STREET, code[:6], zone, lies_in)
    for street, communities in tree["communities"].items():
        above = found[street]
        for tail, zh, en in communities:
            code = street + tail
            found[code] = Region(code, Text(zh, en), RegionLevel.COMMUNITY, street, above.zone, above.lies_in)
    return found


@lru_cache(maxsize=1)
def children_by_parent() -> dict[str, tuple[Region, ...]]:
    """Regions directly below each code; a zone holds its streets."""
    below: dict[str, list[Region]] = {}
    for region in all_regions().values():
        below.setdefault(region.parent, []).append(region)
        if region.level is RegionLevel.STREET and region.zone and region.zone != region.parent:
            below.setdefault(region.zone, []).append(region)
    return {code: tuple(regions) for code, regions in below.items()}


@lru_cache(maxsize=1)
def districts_geojson() -> tuple[bytes, str]:
    """The district outlines as bytes and their ETag."""
    raw = (folder() / "districts.geojson").read_bytes()
    return raw, f'"{hashlib.sha256(raw).hexdigest()[:32]}"'


def reload() -> None:
    """Forget what was read (tests, another profile)."""
    for cached in (document, all_regions, children_by_parent, districts_geojson):
        cached.cache_clear()
