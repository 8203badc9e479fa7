"""权限矩阵: every list and API of the data base, as each of six people sees it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities import rights_matrix

TABLE = Path(__file__).with_name("rights.toml")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(small_city: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return rights_matrix.ask(small_city, tmp_path_factory.mktemp("rights"))


def test_every_address_answers_each_person_as_the_table_says(found: dict[str, Any]) -> None:
    if os.environ.get("QUANCHENG_RIGHTS") == "write":
        TABLE.write_text(rights_matrix.toml(found["statuses"]), encoding="utf-8")
    told = tomllib.loads(TABLE.read_text(encoding="utf-8"))["statuses"]
    seen = {route: [row[who] for who in rights_matrix.WHO] for route, row in found["statuses"].items()}
    differ = {
        route: {"table": told.get(route), "now": seen.get(route)}
        for route in sorted(told.keys() | seen.keys())
        if told.get(route) != seen.get(route)
    }
    assert not differ, (
        f"{differ}\nIf meant: QUANCHENG_RIGHTS=write pytest {__file__}, and read the difference"
    )
    assert not [route for route, row in seen.items() if max(row) >= 500]


@pytest.mark.parametrize("path", rights_matrix.LISTS)
def test_a_list_shows_nobody_a_row_the_rules_hide(found: dict[str, Any], path: str) -> None:
    by = found["lists"][path]
    for who, one in by.items():
        assert set(one["seen"]) <= set(one["visible"]), (path, who)
    for who in () if path in rights_matrix.PUBLIC else ("stranger", "citizen"):
        assert by[who]["seen"] == [] == by[who]["visible"], (path, who)
    assert set(by["stranger"]["visible"]) <= set(by["citizen"]["visible"]) <= set(by["owner"]["visible"])
    assert len(by["bureau"]["visible"]) >= len(by["owner"]["visible"]), path
