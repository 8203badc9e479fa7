"""Drills modules offer, and demo data seeded in module order."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quancheng.kernel import registry
from quancheng.kernel.errors import NotFound
from quancheng.kernel.registry import ModuleLocation
from quancheng.kernel.simulation import demo, drills

HEAD = 'id = "S99"\nname = "{0}"\nfloor = "scenario"\nzh = "水"\nen = "Water"\nlead = "jn-water"\n'
DRILL = '[[drill]]\nid = "flood-2007"\nzh = "暴雨"\nen = "Storm"\nfunction = "water.drill:run"\n'
RUN = """
from datetime import UTC, datetime, timedelta

def run(terms):
    start = datetime(2007, 7, 18, 9, tzinfo=UTC)
    sim = terms.simulation(start)
    sim.every("rain", timedelta(minutes=10), lambda: None)
    terms.say("storm")
    return {"steps": sim.run_for(timedelta(hours=3)), "passed": terms.faults == 0}

def nothing(terms):
    return None
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("water", "alpha", "plain"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "module.toml").write_text(HEAD.format(name), encoding="utf-8")
    with (tmp_path / "water" / "module.toml").open("a", encoding="utf-8") as file:
        file.write(DRILL)
    (tmp_path / "water" / "drill.py").write_text(RUN, encoding="utf-8")
    (tmp_path / "alpha" / "simulate.py").write_text(
        "def seed(city, random):\n    return city.persons, int(random.integers(10**9))\n"
    )
    (tmp_path / "water" / "simulate.py").write_text("def seed(city, random):\n    pass\n")
    yield tmp_path
    for loaded in list(sys.modules):
        if loaded.partition(".")[0] in {"water", "alpha", "plain"}:
            del sys.modules[loaded]


def places(folder: Path) -> list[ModuleLocation]:
    return [ModuleLocation(name, folder / name) for name in ("water", "alpha", "plain")]


def test_a_drill_runs_on_its_terms_and_reports(folder: Path) -> None:
    said: list[str] = []
    with registry.using(places(folder)):
        assert [row.id for row in drills.available()] == ["flood-2007"]
        terms = drills.Terms(seed=7, faults=0.05)
        report = drills.run("flood-2007", terms, said.append)
    assert said == ["storm"]
    assert report == {
        "drill": "flood-2007",
        "terms": {"seed": 7, "speed": None, "faults": 0.05, "headless": True},
        "steps": 19,
        "passed": False,
    }


def test_an_unknown_drill_names_those_there_are(folder: Path) -> None:
    with registry.using(places(folder)), pytest.raises(NotFound) as refused:
        drills.run("quake", drills.Terms())
    assert "flood-2007" in refused.value.todo.en
    drills.Terms().say("nobody listens")
    assert drills.Terms(seed=3).simulation(datetime(2026, 1, 1, tzinfo=UTC)).seed == 3


@pytest.mark.django_db
def test_demo_data_is_seeded_in_module_order_and_repeats(folder: Path) -> None:
    city = demo.DemoCity.of_settings(persons=10, firms=1, seed=5)
    assert city.region == "370100"
    with registry.using(places(folder)):
        first = list(demo.seed_modules(city))
        assert [name for name, _ in first] == ["alpha", "water"]
        assert first[0][1][0] == 10
        assert first[1][1] == "-"
        assert list(demo.seed_modules(city)) == first
        other = demo.DemoCity.of_settings(persons=10, firms=1, seed=6)
        assert list(demo.seed_modules(other)) != first


@pytest.mark.django_db
def test_a_simulate_room_without_seed_is_passed_over(folder: Path) -> None:
    (folder / "water" / "simulate.py").write_text("def processes(sim):\n    pass\n")
    city = demo.DemoCity.of_settings(persons=1, firms=1, seed=5)
    with registry.using(places(folder)):
        assert [name for name, _ in demo.seed_modules(city)] == ["alpha"]
