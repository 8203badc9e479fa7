"""The profile of Jinan: complete, consistent, readable by what uses it."""

from __future__ import annotations

import hashlib
import itertools
import json
import tomllib
from pathlib import Path

import pytest
import shapely

from quancheng.capabilities.people import city, tree
from quancheng.capabilities.people.city import RegionLevel
from quancheng.core.rules import RuleBook

FOLDER = city.folder()
NAMED_BY_OTHERS = (
    "jn-data jn-civil jn-water jn-emergency jn-weather jn-hydrology jn-fire jn-police jn-city-management "
    "jn-transport jn-housing jn-land jn-environment jn-health jn-insurance jn-hrss jn-education jn-market "
    "jn-agriculture jn-culture jn-approval jn-logistics jn-finance-supervision jn-free-trade jn-startup"
)


@pytest.fixture(scope="module")
def outlines() -> dict[str, shapely.Geometry]:
    document = json.loads((FOLDER / "districts.geojson").read_text(encoding="utf-8"))
    return {
        one["properties"]["code"]: shapely.geometry.shape(one["geometry"]) for one in document["features"]
    }


def test_outlines_are_twelve_valid_neighbours(outlines: dict[str, shapely.Geometry]) -> None:
    assert len(outlines) == 12
    assert all(shape.is_valid for shape in outlines.values())
    for one, other in itertools.combinations(outlines.values(), 2):
        assert one.intersection(other).area < 1e-6
    whole = shapely.union_all(list(outlines.values()))
    assert list(whole.bounds) == pytest.approx(city.profile()["bbox"], abs=1e-4)
    assert whole.contains(shapely.Point(city.profile()["centre"]))


def test_each_label_lies_in_its_district() -> None:
    document = json.loads((FOLDER / "districts.geojson").read_text(encoding="utf-8"))
    for one in document["features"]:
        assert shapely.geometry.shape(one["geometry"]).contains(shapely.Point(one["properties"]["label"]))
        assert one["properties"]["en"].endswith(("District", "County"))


def test_regions_are_counted_and_named_in_both_languages() -> None:
    regions = list(city.all_regions().values())
    count = {level: sum(one.level is level for one in regions) for level in RegionLevel}
    assert count == {"city": 1, "district": 12, "zone": 3, "street": 164, "community": 5758}
    assert all(one.text.zh and one.text.en.isascii() for one in regions)
    for one in regions:
        if one.level is RegionLevel.COMMUNITY:
            assert one.code.startswith(one.parent)
            assert city.all_regions()[one.lies_in].level is RegionLevel.DISTRICT


def test_the_files_are_small() -> None:
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    assert size < 300_000


def test_departments_hold_the_codes_others_name_and_every_plan_duty_is_cited() -> None:
    nodes = {node.code: node for node in tree.nodes()}
    assert set(NAMED_BY_OTHERS.split()) <= nodes.keys()
    assert len(nodes) == len({node.path for node in nodes.values()})
    known = city.all_regions()
    for node in nodes.values():
        assert node.region_code in known, node.code
        assert not node.duty_zh or (node.plan and node.duty_en), node.code
        assert not node.follows or node.follows in nodes
        assert node.parent == "" or node.parent in nodes
    assert sum(node.level == "street" for node in nodes.values()) == 164


def test_all_leading_units_of_annex_one_are_departments() -> None:
    cited = " ".join(node.plan for node in tree.nodes())
    for number in range(1, 23):
        assert f"第{number}项" in cited or f"第{number}、" in cited or f"、{number}项" in cited, number
    assert "第23—31项" in cited


def test_parameters_are_rules_with_authority_and_citation() -> None:
    paths = sorted((FOLDER / "parameters").glob("*.toml"))
    documents = [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths]
    book = RuleBook.from_toml_dicts(documents, [path.name for path in paths])
    assert not book.check()
    assert {"elder.age", "senior_card.free_transit_age", "office.hours"} <= set(book.ids())


def test_demo_identities_point_to_departments_and_places() -> None:
    nodes = {node.code for node in tree.nodes()}
    for row in city.document("demo")["identity"]:
        assert row["title"]["en"]
        assert row["try"]["en"]
        assert row["start"].startswith("/")
        assert "post" not in row or row["post"]["department"] in nodes
        assert all(grant["department"] in nodes for grant in row.get("role", ()))
        if "person" in row:
            assert row["person"]["region"] in city.all_regions(), row["key"]


def test_census_figures_add_up() -> None:
    population = city.document("population")
    assert sum(group[2] for group in population["ages"]["groups"]) == population["census"]["persons"]
    districts = sum(v for k, v in population["districts"].items() if k.isdigit())
    assert districts == pytest.approx(population["census"]["persons"], rel=1e-4)


@pytest.mark.parametrize("name", ["districts.geojson", "regions.json.gz"])
def test_built_files_are_those_the_tool_made(name: str) -> None:
    """Change the tool, run it, and put the new digest here: built files are not edited by hand."""
    digests = json.loads((Path(__file__).parent / "digests.json").read_text(encoding="utf-8"))
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digests[name]
