"""Profile and drift; and the facets that lineage tools read."""

from __future__ import annotations

import json
from datetime import date
from math import log
from typing import Any

import jsonschema
import pytest

from quancheng.core.quality import (
    DriftKind,
    DriftLimits,
    Profile,
    QualityError,
    assertions_facet,
    drift,
    metrics_facet,
    profile_from,
    profile_plan,
    profile_to_data,
    psi,
    psi_noise,
    without_values,
)
from tests.core.quality.worlds import check, full, one, table

LIMITS = DriftLimits(rows=0.2, missing=0.05, psi=0.25)
PRODUCER = "https://example.org/quancheng"
FACET = {"type": "object", "required": ["_producer", "_schemaURL"]}


def profile(rows: list[dict[str, object]], baseline: Profile | None = None) -> Profile:
    plan = profile_plan(
        table(full(rows)).select("name", "age", "price", "born"), bins=4, top=3, baseline=baseline
    )
    first = one(plan.first())
    second = plan.second(first)
    tops = {name: query.to_pyarrow().to_pylist() for name, query in plan.tops().items()}
    return plan.read(first, one(second) if second is not None else None, tops)


def test_a_small_table_is_profiled_by_hand() -> None:
    rows: list[dict[str, object]] = [
        {"name": "汉", "age": age, "price": float("nan"), "born": date(2000, 1, 1 + age)} for age in range(5)
    ]
    found = profile([*rows, {"name": "回族", "age": 4}, {"name": " "}])
    name, age, price, born = found.columns
    assert (found.rows, name.missing, name.distinct, name.least, name.most) == (7, 1, 2, 1, 2)
    assert name.top == (("汉", 5), ("回族", 1)) and name.complete_top
    assert (age.missing, age.distinct, age.least, age.most) == (1, 5, 0, 4)
    assert age.histogram is not None and age.histogram.edges == (1.0, 2.0, 3.0)
    assert age.histogram.counts == (1, 1, 1, 3)
    assert not age.complete_top
    assert (price.missing, price.histogram) == (7, None)
    assert born.histogram is not None and sum(born.histogram.counts) == 5


def test_a_table_compared_with_itself_has_not_drifted() -> None:
    rows: list[dict[str, object]] = [{"name": "汉", "age": age % 9} for age in range(90)]
    before = profile(rows)
    assert not [each for each in drift(before, profile(rows, before), LIMITS) if each.exceeds]


def test_lost_rows_a_new_category_and_an_emptier_column_are_noticed() -> None:
    before = profile([{"name": "汉", "age": age % 9} for age in range(90)])
    after = profile([{"name": "满", "age": 8 if age % 2 else None} for age in range(60)], before)
    beyond = {(each.kind, each.column) for each in drift(before, after, LIMITS) if each.exceeds}
    assert {
        (DriftKind.ROWS, ""),
        (DriftKind.MISSING, "age"),
        (DriftKind.DISTRIBUTION, "age"),
        (DriftKind.NEW_VALUES, "name"),
        (DriftKind.LOST_VALUES, "name"),
    } <= beyond


def test_the_stability_index_is_what_its_formula_says() -> None:
    shares = [(10.5 / 31, 20.5 / 31), (20.5 / 31, 10.5 / 31)]
    assert psi([10, 20], [20, 10]) == pytest.approx(sum((b - a) * log(b / a) for a, b in shares))
    assert psi([5, 5, 0], [5, 5, 0]) == 0
    assert psi([10, 20], [20, 10]) == pytest.approx(psi([20, 10], [10, 20]))
    assert psi_noise(100, 100, 10, 3.0) == pytest.approx(0.02 * (9 + 3 * 18**0.5))
    for bad in (([1], [1, 2]), ([], []), ([-1], [1])):
        with pytest.raises(ValueError):
            psi(*bad)


def schema(required: str, inner: dict[str, Any]) -> dict[str, Any]:
    """What OpenLineage's published facet schema demands, in short."""
    return {"allOf": [FACET, {"required": [required], "properties": {required: inner}}]}


def test_findings_and_profile_become_openlineage_facets() -> None:
    found = check(
        {"kind": "complete", "column": "name"},
        {"kind": "unique", "columns": ["age", "name"], "severity": "warning"},
        rows=[{"name": None, "age": 3}],
    )
    facet = assertions_facet(found, PRODUCER)
    assertion = {
        "type": "object",
        "required": ["assertion", "success"],
        "properties": {
            "assertion": {"type": "string"},
            "success": {"type": "boolean"},
            "column": {"type": "string"},
            "severity": {"enum": ["error", "warn"]},
            "failures": {"type": "integer"},
        },
    }
    jsonschema.validate(facet, schema("assertions", {"type": "array", "items": assertion}))
    assert facet["assertions"] == [
        {"assertion": "complete", "success": False, "severity": "error", "failures": 1, "column": "name"},
        {"assertion": "unique", "success": True, "severity": "warn", "failures": 0},
    ]
    column = {
        "type": "object",
        "properties": {
            "nullCount": {"type": "integer"},
            "distinctCount": {"type": "integer"},
            "count": {"type": "number"},
            "min": {"type": "number"},
            "max": {"type": "number"},
        },
    }
    metrics = metrics_facet(profile([{"name": "汉", "age": 3, "born": date(2000, 1, 1)}]), PRODUCER)
    jsonschema.validate(metrics, schema("columnMetrics", {"type": "object", "additionalProperties": column}))
    assert metrics["rowCount"] == 1


def test_a_profile_is_kept_as_data_and_read_again_the_same() -> None:
    rows: list[dict[str, object]] = [
        {"name": "汉", "age": age, "price": age / 3, "born": date(2000, 1, 1 + age)} for age in range(5)
    ]
    found = profile(rows)
    assert profile_from(json.loads(json.dumps(profile_to_data(found)))) == found
    hidden = without_values(found, {"name", "born"})
    name, _, price, born = hidden.columns
    assert (name.top, name.most, born.least, born.most, born.histogram) == ((), 1, None, None, None)
    assert price == found.of("price") and "汉" not in json.dumps(profile_to_data(hidden))
    for broken in ({}, {"rows": 1, "columns": [{"name": "a", "sort": "colour", "missing": 0}]}):
        with pytest.raises(QualityError):
            profile_from(broken)
