"""The rule book of modules and city: found by day and region, wrong files told at start."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from quancheng.core.rules import NATIONAL, NoRuleInForce, RuleFormatError
from quancheng.kernel import clock, registry, rulebook
from quancheng.kernel.registry import ModuleLocation

HEAD = 'id = "S99"\nname = "water"\nfloor = "scenario"\nzh = "水"\nen = "Water"\nlead = "jn-water"\n'
RULE = """
[[rule]]
id = "water.red"
name = {{ zh = "红色线", en = "Red line" }}
value = {value}
authority = "{authority}"
region = "{region}"
valid_from = {since}
citation = "test"
"""


def rule(value: int, region: str, since: str = "2020-01-01", authority: str = "水务局") -> str:
    return RULE.format(value=value, region=region, since=since, authority=authority)


@pytest.fixture
def city(tmp_path: Path, settings):
    """A city folder and a module with one parameter file; nothing cached before and after."""
    folder = tmp_path / "city"
    (folder / "parameters").mkdir(parents=True)
    (folder / "city.toml").write_text('region = "370100"\n', encoding="utf-8")
    settings.CITY_FOLDER = folder
    water = tmp_path / "water"
    water.mkdir()
    (water / "module.toml").write_text(HEAD + '[[parameters]]\nfile = "a.toml"\n', encoding="utf-8")
    (water / "a.toml").write_text(rule(100, NATIONAL), encoding="utf-8")
    rulebook.reload()
    with registry.using([ModuleLocation("water", water)]):
        yield folder
    rulebook.reload()


def test_the_citys_rule_wins_in_the_city_only(city: Path) -> None:
    (city / "parameters" / "b.toml").write_text(rule(70, "370100"), encoding="utf-8")
    assert rulebook.problems() == []
    assert len(rulebook.rules()) == 2
    assert rulebook.find("water.red").integer() == 70
    assert rulebook.find("water.red", region="370102").integer() == 70
    assert rulebook.find("water.red", region="110000").integer() == 100
    assert rulebook.find("water.red").rule.source == "city/parameters/b.toml"


def test_today_is_the_clocks_today(city: Path) -> None:
    newer = rule(50, NATIONAL, since="2026-01-01")
    (city / "parameters" / "b.toml").write_text(newer, encoding="utf-8")
    with clock.at(datetime(2025, 12, 31, 15, 59, tzinfo=UTC)):
        assert rulebook.find("water.red").integer() == 100
    with clock.at(datetime(2025, 12, 31, 16, 1, tzinfo=UTC)):  # already New Year in Jinan
        assert rulebook.find("water.red").integer() == 50
    assert rulebook.find("water.red", on=date(2024, 1, 1)).integer() == 100
    with pytest.raises(NoRuleInForce):
        rulebook.find("water.red", on=date(2019, 1, 1))


def test_without_city_toml_the_nation_speaks(city: Path) -> None:
    (city / "city.toml").unlink()
    assert rulebook.city_region() == NATIONAL
    assert rulebook.find("water.red").integer() == 100


def test_contradictions_are_told(city: Path) -> None:
    second = rule(90, NATIONAL, authority="应急局")
    (city / "parameters" / "b.toml").write_text(second, encoding="utf-8")
    (line,) = rulebook.problems()
    assert "重叠" in line
    assert "overlap" in line


@pytest.mark.parametrize("content", ["[[rule]]\nid = 1\n", "[[rule]\n", "x = \udcff"])
def test_unreadable_files_are_told_by_name(city: Path, content: str) -> None:
    path = city / "parameters" / "b.toml"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    (line,) = rulebook.problems()
    assert line.startswith("city/parameters/b.toml")


def test_a_missing_file_of_a_module_is_told(city: Path) -> None:
    registry.resource_path("water", "a.toml").unlink()
    (line,) = rulebook.problems()
    assert line.startswith("water/a.toml")


@pytest.mark.parametrize("content", ['region = "37"', "region = "])
def test_a_wrong_city_file_is_told(city: Path, content: str) -> None:
    (city / "city.toml").write_text(content, encoding="utf-8")
    assert len(rulebook.problems()) == 1


def test_asking_with_a_broken_file_raises(city: Path) -> None:
    (city / "parameters" / "b.toml").write_text("[[rule]]\nid = 1\n", encoding="utf-8")
    with pytest.raises(RuleFormatError):
        rulebook.find("water.red")
