"""The demo shows what a data officer meets; own datasets are read as their modules declare them."""

from __future__ import annotations

import time

import numpy as np
import pytest

from quancheng.capabilities.collection import queries
from quancheng.capabilities.collection.models import Feed, Run
from quancheng.capabilities.collection.simulate import seed
from quancheng.capabilities.people import sync as people_sync
from quancheng.capabilities.people.models import NaturalPerson
from quancheng.capabilities.tables import queries as tables
from quancheng.kernel.models import writing


@pytest.fixture
def city(db: None) -> None:
    people_sync.sync()
    with writing("test"):
        for at in range(30):
            NaturalPerson.objects.create(
                id_number=f"37010219600101{at:04d}",
                name=f"王{at}",
                sex="1",
                birth_date="1960-01-01",
                region_code="370102001001",
            )


def test_the_demo_is_quick_idempotent_and_shows_every_state(city: None) -> None:
    begun = time.process_time()
    said = seed(None, np.random.default_rng(7))
    assert said is not None and time.process_time() - begun < 10
    assert seed(None, np.random.default_rng(7)) is None
    assert Feed.objects.count() >= 12 and Feed.objects.filter(lateness="late").count() == 1
    held = Run.objects.get(state="held")
    assert held.holds[0]["kind"] == "column_renamed" and held.holds[0]["guess"] == "学生人数"
    permits = Run.objects.get(feed__code="food-permits")
    assert permits.state == "done" and permits.counts["refused"] == 6
    people = Feed.objects.get(code="population")
    assert tables.view(str(people.table_id)).rows == 30
    assert all(run.simulated for run in Run.objects.all())
    assert queries.lineage(str(people.table_id))["up"][0]["name"] == "quancheng|datasets/people.population"


def test_every_dataset_of_a_module_can_be_collected() -> None:
    found = queries.datasets()
    assert {
        "people.population",
        "services.cases",
        "things.stations",
        "trust.licences",
        "water.flood_points",
        "weather.warnings",
    } <= set(found)
    for name, one in found.items():
        assert one.zh and one.en and one.owner.startswith("jn-"), name
        assert set(one.key) <= {column.name for column in one.columns}
