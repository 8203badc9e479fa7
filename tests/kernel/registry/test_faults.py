"""Faults of structure: broken rooms, missing functions and files, forbidden imports."""

from __future__ import annotations

import ast

import pytest

from quancheng.kernel import registry
from quancheng.kernel.registry.grades.faults import faults
from quancheng.kernel.registry.grades.imports import imported_names
from quancheng.kernel.registry.grades.subject import Subject


def found(*places: registry.ModuleLocation, name: str = "water") -> str:
    with registry.using(places):
        return "\n".join(text.en for text in faults(Subject(registry.module(name))))


def test_a_sound_module_has_none(make_module) -> None:
    assert found(make_module("water", files={"queries.py": "import json\n"})) == ""


def test_rooms_functions_files_models_and_rules_must_exist(make_module) -> None:
    rows = """
        [[indicator]]
        id = "water.level"
        zh = "水位"
        en = "Level"
        function = "water.indicators:level"
        [[component]]
        id = "water.gateway"
        zh = "网关"
        en = "Gateway"
        function = "water.nothing:run"
        [[parameters]]
        file = "resources/a.toml"
        [[access]]
        model = "water.Nothing"
        verbs = ["view"]
        role = "anyone"
        [[grade.exempt]]
        rule = "bronze.nothing"
        reason = "none"
    """
    said = found(make_module("water", rows, files={"indicators.py": "", "queries.py": "1 / 0"}))
    for words in (
        "queries.py cannot be imported",
        "no function water.indicators:level",
        "no function water.nothing:run",
        "no file resources/a.toml",
        "no model water.Nothing",
        "no rule bronze.nothing",
    ):
        assert words in said


def test_a_syntax_error_is_told(make_module) -> None:
    assert "other.py" in found(make_module("water", files={"other.py": "def ("}))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("from quancheng.portal import forms", "may not import the portal"),
        ("import quancheng.portal", "may not import the portal"),
        ("from base.models import A", "only actions, queries and values"),
        ("import base", "only actions, queries and values"),
        ("from base import models", "only actions, queries and values"),
        ("from scene.actions import a", "No module imports a scenario"),
        ("from base.actions import a\nfrom base import queries", ""),
        ("from . import models\nfrom .models import A\nimport json, water.api", ""),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from base.models import A", ""),
    ],
)
def test_a_scenario_imports_open_rooms_of_capabilities(make_module, code, said) -> None:
    places = [
        make_module("water", files={"helpers/deep.py": code, "tests/test_a.py": "import base"}),
        make_module("base", floor="capability"),
        make_module("scene"),
    ]
    text = found(*places)
    assert (said in text and "deep.py:1 import" in text) if said else text == ""


@pytest.mark.parametrize(
    ("name", "other", "allowed"),
    [
        ("services", "people", True),
        ("people", "services", False),
        ("newer", "people", True),
        ("people", "newer", False),
        ("newer", "newest", False),
    ],
)
def test_capabilities_import_in_their_order(make_module, name, other, allowed) -> None:
    places = [
        make_module(name, floor="capability", files={"helper.py": f"import {other}.queries\n"}),
        make_module(other, floor="capability"),
    ]
    assert (found(*places, name=name) == "") is allowed


def test_relative_imports_are_resolved() -> None:
    tree = ast.parse("from .. import a\nfrom ..b.c import d\nfrom .e import f")
    assert [name for _, name in imported_names(tree, "x.y.z")] == [
        "x.y.a",
        "x.y.b.c.d",
        "x.y.z.e.f",
    ]
