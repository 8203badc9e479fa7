"""The activation table reproduces what the city publicly did."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import quancheng.scenarios.water
from quancheng.capabilities.command.planning import evaluate, read_plan

RESOURCES = Path(quancheng.scenarios.water.__file__).parent / "resources"
PLAN = read_plan(tomllib.loads((RESOURCES / "flood-plan.toml").read_text(encoding="utf-8")))
AMOUNTS = {"water.plan.many_districts": 6.0, "water.river_warning_m": 22.54}


@pytest.mark.parametrize(
    ("inputs", "level"),
    [
        ({"warning": "red", "affected_districts": 12}, 1),  # 2019-08-11
        ({"warning": "yellow", "affected_districts": 12}, 3),  # 2025-06-28
        ({"warning": "yellow", "affected_districts": 3}, 4),  # 2025-08-31, first step
        ({"warning": "yellow", "affected_districts": 8}, 3),  # 2025-08-31, raised
        ({"warning": "orange", "affected_districts": 4}, 2),
        ({"warning": "blue", "affected_districts": 12}, 4),
        ({"river_stage_m": 22.54}, 2),
        ({"river_stage_m": 22.53}, None),
        ({"warning": "blue", "river_stage_m": 23.58, "affected_districts": 1}, 2),
        ({}, None),
    ],
)
def test_the_most_severe_row_wins(inputs: dict[str, object], level: int | None) -> None:
    assert evaluate(PLAN, inputs, AMOUNTS).level == level


def test_every_level_has_tasks_with_a_citation() -> None:
    for level in (4, 3, 2, 1):
        tasks = [task for task in PLAN.tasks if level in task.levels]
        assert tasks, level
        assert all(task.cite for task in tasks)
