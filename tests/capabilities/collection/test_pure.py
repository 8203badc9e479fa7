"""Decisions as functions of values: times, holds, mapping, masking, events of lineage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.capabilities.collection import lineage
from quancheng.capabilities.collection.agreeing import propose_keys, propose_name
from quancheng.capabilities.collection.connectors.filedrops import Dropped, choose
from quancheng.capabilities.collection.connectors.http import member, with_params
from quancheng.capabilities.collection.mapping import column_holds, reading_schema, type_holds
from quancheng.capabilities.collection.masking import mask, masked_row
from quancheng.capabilities.collection.picture import flat
from quancheng.capabilities.collection.planning import count_holds, undecided
from quancheng.capabilities.collection.rates import Due, count
from quancheng.capabilities.collection.schedule import Retry, freshness, next_run, retry_after
from quancheng.capabilities.collection.values import Counts, HoldKind, Lateness, Layout, Mode, Thresholds
from quancheng.core.tabular import Column, Dataset, Field, Kind, Place, Row, Schema

AT = datetime(2026, 7, 18, tzinfo=UTC)
LIMITS = Thresholds(refused_share=0.05, deleted_share=0.1, deleted_least=5, type_share=0.3)
TABLE = Schema((Field("k", Kind.TEXT, True), Field("a", Kind.INTEGER), Field("b", Kind.DATE)), ("k",))
LAYOUT = Layout({"编号": "k", "数量": "a", "日期": "b"}, ignored=("备注",))


# -- times ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("waited", "last", "said"),
    [
        (60, True, Lateness.FRESH),
        (61, True, Lateness.LATE),
        (180, True, Lateness.LATE),
        (181, True, Lateness.SILENT),
        (61, False, Lateness.NEVER),
    ],
)
def test_freshness(waited: int, last: bool, said: Lateness) -> None:
    then = AT - timedelta(minutes=waited)
    assert freshness(60, then, then if last else None, AT, 3) is said
    assert freshness(0, then, None, AT, 3) is Lateness.NONE


@given(st.integers(1, 10_000), st.integers(0, 10**7))
@settings(max_examples=60)
def test_a_feed_keeps_its_beat_and_runs_once_after_an_outage(period: int, waited: int) -> None:
    due = AT
    following = next_run(period, due, AT + timedelta(seconds=waited))
    assert following is not None and following > AT + timedelta(seconds=waited)
    assert (following - due) % timedelta(minutes=period) == timedelta()
    assert following - (AT + timedelta(seconds=waited)) <= timedelta(minutes=period)


def test_pauses_double_up_to_the_longest_then_the_circuit_opens() -> None:
    rule = Retry(60, 600, 6)
    pauses = [retry_after(number, rule) for number in range(1, 7)]
    assert [one.total_seconds() if one else None for one in pauses] == [60, 120, 240, 480, 600, None]


# -- holds ------------------------------------------------------------------------------------
def test_figures_at_the_threshold_pass_and_beyond_hold() -> None:
    assert count_holds(Counts(100, 95, 5, 95, before=0), LIMITS, Mode.FULL) == ()
    assert [one.kind for one in count_holds(Counts(100, 94, 6, 94), LIMITS, Mode.FULL)] == [HoldKind.REFUSALS]
    assert count_holds(Counts(90, 90, 0, 0, 0, 10, 90, 100), LIMITS, Mode.FULL) == ()
    held = count_holds(Counts(89, 89, 0, 0, 0, 11, 89, 100), LIMITS, Mode.FULL)
    assert [one.code for one in held] == ["deletions::11"]
    assert (
        count_holds(Counts(1, 1, 0, 0, 0, 4, 1, 5), LIMITS, Mode.FULL) == ()
    )  # few rows: fewer than the least
    assert [one.kind for one in count_holds(Counts(0, 0, 0, before=9), LIMITS, Mode.FULL)] == [HoldKind.EMPTY]
    assert count_holds(Counts(0, 0, 0, before=9), LIMITS, Mode.INCREMENTAL) == ()


def test_a_decision_about_fifty_is_none_about_five_thousand() -> None:
    one, other = (
        count_holds(Counts(1, 1, 0, 0, 0, gone, 1, 10_000), LIMITS, Mode.FULL) for gone in (1500, 5000)
    )
    assert undecided(one, [one[0].code]) == () and undecided(other, [one[0].code]) == other


def test_columns_that_came_went_and_were_renamed() -> None:
    assert column_holds(["编号", "数量", "日期", "备注"], {}, LAYOUT, TABLE) == ()
    holds = column_holds(["编号", "来源", "数量（个）"], {"来源": Kind.BOOLEAN}, LAYOUT, TABLE)
    assert [(one.kind, one.subject, one.guess, one.kind_of) for one in holds] == [
        (HoldKind.COLUMN_RENAMED, "数量", "数量（个）", ""), (HoldKind.COLUMN_MISSING, "日期", "", ""),
        (HoldKind.COLUMN_ADDED, "来源", "", "boolean"),
    ]  # fmt: skip
    assert [one.kind for one in type_holds({"数量": 3, "日期": 2}, {"数量": 10, "日期": 10}, 0.3)] == [
        HoldKind.COLUMN_TYPE
    ]


def test_the_reading_schema_follows_the_source() -> None:
    schema = reading_schema(["备注", "日期", "编号"], LAYOUT, TABLE)
    assert [(one.name, one.kind, one.required) for one in schema.fields] == [
        ("备注", Kind.TEXT, False), ("日期", Kind.DATE, False), ("编号", Kind.TEXT, True),
    ]  # fmt: skip
    assert schema.key == ("编号",) and reading_schema(["日期"], LAYOUT, TABLE).key == ()


@given(st.text(max_size=40))
def test_masks_keep_length_and_hide_the_middle(word: str) -> None:
    hidden = mask(word)
    assert len(hidden) == len(word) and set(hidden[1:-1]) <= {"*"}
    assert len(word) >= 5 or set(hidden) <= {"*"}


def test_a_row_that_cannot_be_split_is_masked_whole() -> None:
    problems, cells = masked_row(
        [["bad_quotes", "", "张三,370102"]], ["张三,370102"], ["姓名", "备注"], {"姓名"}
    )
    assert "370102" not in str(problems) + str(cells)
    assert masked_row([["not_date", "备注", "坏"]], ["张三", "坏"], ["姓名", "备注"], {"姓名"}) == (
        [["not_date", "备注", "坏"]],
        ["**", "坏"],
    )


# -- choices ----------------------------------------------------------------------------------
def test_keys_and_names_are_proposed() -> None:
    rows = [Row(Place("", n), ("同", f"E{n}", str(n % 3), str(n // 3))) for n in range(9)]
    assert propose_keys(["甲", "编号", "a", "b"], rows)[0] == ("编号",)
    assert propose_keys(
        ["甲", "乙", "a", "b"], [Row(one.place, ("同", "同", *one.cells[2:])) for one in rows]
    ) == [("a", "b")]
    assert (
        propose_keys(["甲"], []) == [] and propose_name(" 姓 名_ ") == "姓名" and propose_name("__") == "列"
    )


def test_files_are_chosen_once() -> None:
    files = [Dropped(float(at), name, 1) for at, name in enumerate(["a", "b", "c"])]
    first, cursor = choose(files, "*", {}, newest=False, now=99)
    assert first and first.name == "a"
    assert choose(files, "*", cursor, newest=False, now=99)[0] == files[1]
    changed = [Dropped(50.0, "a", 2)]
    assert choose(changed, "*", cursor, newest=True, now=99)[0] == changed[0]
    assert choose(changed, "*", {}, newest=True, now=51)[0] is None


def test_addresses_and_members() -> None:
    assert with_params("http://a/b?x=1&y=2", {"x": "新"}) == "http://a/b?y=2&x=%E6%96%B0"
    assert (
        member({"a": {"b": [1]}}, "a.b") == [1] and member({"a": 1}, "a.b") is None and member([1], "") == [1]
    )


def test_rates_count_entries_by_code_or_by_table() -> None:
    due = [Due("A", "o"), Due("B", "o", ("t1",)), Due("C", "o", ("t2",))]
    found = count("o", due, {"A"}, {"t1"})
    assert (found.due, found.fresh, found.missing, found.percent) == (3, 2, ("C",), 66.67)
    assert count("o", [], set(), set()).percent is None


def test_a_dataset_needs_a_key() -> None:
    columns = (Column(name="a", kind=Kind.TEXT, zh="甲", en="A"),)
    facts: dict[str, Any] = {
        "name": "x",
        "zh": "x",
        "en": "x",
        "owner": "jn",
        "columns": columns,
        "rows": lambda since: iter(()),
    }
    assert Dataset(key=("a",), **facts).schema().fields[0].required
    for key in ((), ("b",)):
        with pytest.raises(ValueError, match="key"):
            Dataset(key=key, **facts)


# -- lineage ----------------------------------------------------------------------------------
# OpenLineage 2-0-2, the parts used here, from https://openlineage.io/spec/2-0-2/OpenLineage.json and
# https://openlineage.io/spec/facets/ (no wheel on the index carries them); ``uri`` by pattern.
URI = {"type": "string", "pattern": r"^[a-z][a-z0-9+.-]*:"}
FACET = {
    "type": "object",
    "properties": {"_producer": URI, "_schemaURL": URI},
    "required": ["_producer", "_schemaURL"],
}


def facet(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"allOf": [FACET, {"type": "object", "properties": properties, "required": list(required)}]}


def objects(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": "object", "properties": properties, "required": list(required)},
    }


TEXT, COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
DATASET_FACETS = {
    "schema": facet({"fields": objects({"name": TEXT, "type": TEXT, "description": TEXT}, "name")}),
    "dataSource": facet({"name": TEXT, "uri": URI}),
    "version": facet({"datasetVersion": TEXT}, "datasetVersion"),
    "columnLineage": facet(
        {"fields": {"type": "object", "additionalProperties": {"type": "object", "required": ["inputFields"], "properties": {
            "inputFields": objects({"namespace": TEXT, "name": TEXT, "field": TEXT, "transformations": objects(
                {"type": TEXT, "subtype": TEXT, "description": TEXT, "masking": {"type": "boolean"}}, "type")}, "namespace", "name", "field")}}}},
        "fields",
    ),
}  # fmt: skip
STATISTICS = facet({"rowCount": COUNT, "size": COUNT, "fileCount": COUNT})


def dataset(side: str, statistics: str) -> dict[str, Any]:
    facets = {"type": "object", "properties": DATASET_FACETS, "additionalProperties": FACET}
    sided = {"type": "object", "properties": {statistics: STATISTICS}, "additionalProperties": FACET}
    return objects(
        {"namespace": TEXT, "name": TEXT, "facets": facets, f"{side}Facets": sided}, "namespace", "name"
    )


RUN_EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventTime": {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"},
        "producer": URI, "schemaURL": URI,
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "run": {"type": "object", "required": ["runId"], "properties": {
            "runId": {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"},
            "facets": {"type": "object", "additionalProperties": FACET, "properties": {
                "errorMessage": facet({"message": TEXT, "programmingLanguage": TEXT}, "message", "programmingLanguage")}}}},
        "job": {"type": "object", "required": ["namespace", "name"], "properties": {"namespace": TEXT, "name": TEXT,
            "facets": {"type": "object", "properties": {"documentation": facet({"description": TEXT}, "description")}, "additionalProperties": FACET}}},
        "inputs": dataset("input", "inputStatistics"), "outputs": dataset("output", "outputStatistics"),
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", ["START", "COMPLETE", "FAIL", "ABORT"])
@pytest.mark.parametrize("namespace", ["file", "postgres://h:5432", "s3://bucket", ""])
def test_events_are_valid_openlineage(kind: str, namespace: str) -> None:
    facts = lineage.Facts(
        run_id="6f1c1d3e-0000-4000-8000-000000000001", kind=kind, at=AT, job="elders", title="老年人",
        source={"namespace": namespace, "name": "x"} if namespace else {}, table_id="t1",
        columns=[{"name": "a", "kind": "text", "zh": ""}], mapping={"甲": "a"},
        counts={"rows_in": 3, "inserted": 2, "updated": 1}, size=9, version=4 if kind == "COMPLETE" else None,
        error="broken" if kind == "FAIL" else "",
    )  # fmt: skip
    body = lineage.event(facts)
    jsonschema.validate(body, RUN_EVENT)
    assert lineage.check(body) == body
    assert len(lineage.edges([body])) == (1 if namespace and kind in ("START", "COMPLETE") else 0)


def test_an_event_that_says_less_takes_nothing_away() -> None:
    full = {
        "inputs": [{"namespace": "n", "name": "a"}],
        "outputs": [{"namespace": "n", "name": "b"}],
        "eventType": "START",
    }
    assert lineage.edges([full, {"eventType": "COMPLETE"}]) == lineage.edges([full])
    assert lineage.edges([full, {"eventType": "FAIL"}]) == []
    second = {
        "inputs": [{"namespace": "n", "name": "c"}],
        "outputs": [{"namespace": "n", "name": "b"}],
        "eventType": "COMPLETE",
    }
    assert {(one.source, one.target) for one in lineage.edges([full, second])} == {
        ("n|a", "n|b"),
        ("n|c", "n|b"),
    }


def test_a_tree_becomes_a_list_with_depths() -> None:
    leaf = {"name": "n|b", "columns": {}, "next": []}
    assert [
        (one["depth"], one["short"]) for one in flat([{"name": "n|a", "columns": {}, "next": [leaf]}])
    ] == [(1, "a"), (2, "b")]
