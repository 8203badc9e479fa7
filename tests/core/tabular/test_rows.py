"""From rows to records: heads, kinds, refusals, doubled keys, drift, what changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.tabular import (
    Broken,
    Converter,
    Delta,
    DeltaKind,
    Difference,
    Doubt,
    DriftKind,
    Field,
    Kind,
    OnDouble,
    Place,
    Reason,
    Record,
    Refused,
    Row,
    RowIndex,
    Schema,
    TableError,
    Value,
    body,
    digest,
    drift,
    explain,
    find_doubles,
    head_at,
    infer,
    propose_head,
    read_value,
    safe_cell,
    schema_of,
    settle_doubles,
)
from tests.core.tabular.make import rows_of


def grid(*rows: tuple[Value, ...]) -> list[Row]:
    return [Row(Place("", number), cells) for number, cells in enumerate(rows, 1)]


def columns(**named: list[Value]) -> dict[str, Kind]:
    rows = grid(*zip(*named.values(), strict=True))
    return {guess.field.name: guess.field.kind for guess in infer(rows, named)}


# heads


def test_titles_and_a_line_of_particulars_stand_above_the_head() -> None:
    rows = rows_of(
        "独居老人台账,,\n填报单位：大明湖街道,,填报日期：2026年7月\n姓名,年龄,电话\n张三,81,13905310000\n".encode()
    )
    head = propose_head(rows)
    assert head.names == ("姓名", "年龄", "电话") and head.last == 3
    assert head.titles == ("独居老人台账", "填报单位：大明湖街道 填报日期：2026年7月")
    assert head.doubts == {Doubt.TITLES} and head.confidence == 0.95


def test_two_head_rows_of_a_csv_and_a_row_of_column_numbers() -> None:
    rows = rows_of("姓名,地址,,年龄\n,区县,街道,\n1,2,3,4\n张三,历下,大明湖,81\n".encode())
    head = propose_head(rows)
    assert head.names == ("姓名", "地址/区县", "地址/街道", "年龄") and head.rows == (1, 2) and head.last == 3
    assert {Doubt.SEVERAL_ROWS, Doubt.COLUMN_NUMBERS} <= head.doubts


def test_doubled_empty_and_unnamed_columns() -> None:
    head = propose_head(
        grid(("姓名", None, "姓名", None), ("张三", None, "李四", 3), ("王五", None, "赵六", 4))
    )
    assert head.names == ("姓名", "姓名_2", "列4") and head.columns == (0, 2, 3)
    assert head.doubts == {Doubt.DOUBLED_NAMES, Doubt.EMPTY_COLUMNS, Doubt.UNNAMED_COLUMNS}
    assert [row.cells for row in body(grid(("姓名",), ("张三", None, "李四", 3)), head)] == [
        ("张三", "李四", 3)
    ]


def test_without_a_head_columns_are_numbered_and_a_person_may_say_otherwise() -> None:
    rows = grid(("3701", "张三"), ("3702", "李四"))
    assert propose_head(rows).names == ("列1", "列2") and propose_head(rows).confidence < 0.5
    assert head_at(rows, [1]).names == ("3701", "张三") and head_at(rows, [1]).confidence == 1.0
    with pytest.raises(ValueError, match="not all"):
        head_at(rows, [9])


def test_totals_signatures_repeated_heads_and_ragged_rows_are_refused_not_lost() -> None:
    text = "姓名,数\n张三,1\n李四\n王五,2,多\n姓名,数\n合计,3\n制表人：赵六,\n".encode()
    rows = rows_of(text)
    faults = [row.fault for row in body(rows, propose_head(rows))]
    not_data = Reason.NOT_DATA
    assert faults == [None, Reason.MISSING_CELLS, Reason.EXTRA_CELLS, not_data, not_data, not_data]


# kinds


@pytest.mark.parametrize(
    "text",
    [
        "2026年7月18日",
        "2026-07-18",
        "2026/7/18",
        "2026.7.18",
        "20260718",
        "二〇二六年七月十八日",
        "２０２６年７月１８日",
        "2026-7-18 00:00:00",
    ],
)
def test_a_day_however_an_office_writes_it(text: str) -> None:
    assert read_value(text, Kind.DATE) == date(2026, 7, 18)


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-13-01", "26-7-18", "18/7/2026", "2026/7-18", "2026-07-18 08:00", "2026年7月"]
)
def test_what_is_no_day(text: str) -> None:
    assert read_value(text, Kind.DATE) is Reason.NOT_DATE


def test_times_and_their_zones() -> None:
    local = timezone(timedelta(hours=8))
    for text in ("2026年7月18日8时30分", "2026-07-18T08:30:00", "2026/7/18 8:30", "20260718083000"):
        assert read_value(text, Kind.DATETIME) == datetime(2026, 7, 18, 8, 30)
    assert read_value("2026-07-18T00:30:00.5Z", Kind.DATETIME, local) == datetime(
        2026, 7, 18, 8, 30, 0, 500_000
    )
    assert read_value("2026-07-18T00:30:00Z", Kind.DATETIME) is Reason.NOT_DATETIME
    assert read_value(datetime(2026, 7, 18, tzinfo=UTC), Kind.DATETIME, local) == datetime(2026, 7, 18, 8)


def test_numbers_answers_and_numbers_that_identify() -> None:
    assert (
        read_value("1,234,567", Kind.INTEGER) == 1234567
        and read_value("1,23", Kind.INTEGER) is Reason.NOT_INTEGER
    )
    assert read_value(" -1.50 ", Kind.DECIMAL) == Decimal("-1.50") and read_value(
        0.1, Kind.DECIMAL
    ) == Decimal("0.1")
    assert read_value("12%", Kind.DECIMAL) is Reason.NOT_DECIMAL
    assert read_value("否", Kind.BOOLEAN) is False and read_value("也许", Kind.BOOLEAN) is Reason.NOT_BOOLEAN
    assert read_value("11010519491231002x", Kind.RESIDENT_ID) == "11010519491231002X"
    assert read_value("3.70102E+17", Kind.RESIDENT_ID) is Reason.DIGITS_LOST
    assert read_value("3.70102E+17", Kind.TEXT) is Reason.DIGITS_LOST
    assert (
        read_value("0531-82020000", Kind.PHONE) == "0531-82020000"
        and read_value("110", Kind.PHONE) is Reason.NOT_PHONE
    )


def test_kinds_are_inferred_and_identifying_numbers_stay_text() -> None:
    assert columns(
        数=["1", "2", "-3"],
        价=["1.5", "2", "3"],
        日期=["20260718", "20260719", "20260720"],
        是否=["是", "否", "是"],
        证件=["11010519491231002X", "440524188001010014", "110105194912310029"],
        代码=["91350100M000100Y43", "91370100M000100Y4X", "91370100MA3C00001X"],
        电话=["13905310000", "0531-82020000", "13905310001"],
        邮编=["012345", "250001", "250002"],
        时=["2026-07-18 08:00", "2026-07-18 09:00", "2026-07-18"],
        名=["张三", "李四", "5"],
    ) == {
        "数": Kind.INTEGER,
        "价": Kind.DECIMAL,
        "日期": Kind.DATE,
        "是否": Kind.BOOLEAN,
        "证件": Kind.RESIDENT_ID,
        "代码": Kind.USCC,
        "电话": Kind.PHONE,
        "邮编": Kind.TEXT,
        "时": Kind.DATETIME,
        "名": Kind.TEXT,
    }


def test_a_column_that_changes_its_kind_half_way_is_text_and_says_so() -> None:
    rows = grid(*[(str(n),) for n in range(50)], *[("未知",)] * 50)
    guess = infer(rows, ["数"])[0]
    assert guess.field.kind is Kind.TEXT and guess.mixed and guess.counts[Kind.INTEGER] == 50
    few = infer(grid(*[("2026-07-18",)] * 99, ("2026-02-30",)), ["日"], tolerance=0.02)[0]
    assert few.field.kind is Kind.DATE and few.misfits == ((Place("", 100), "2026-02-30"),)


# refusals


def test_each_refusal_says_reason_place_column_and_text() -> None:
    rows = rows_of("姓名,生日,数\n张三,2026-02-30,x\n李四,1950-01-01,2\n".encode())
    schema = Schema((Field("姓名", Kind.TEXT, True), Field("生日", Kind.DATE), Field("数", Kind.INTEGER)))
    converter = Converter(schema)
    refused, kept = converter.run(body(rows, propose_head(rows)))
    assert isinstance(refused, Refused) and isinstance(kept, Record)
    assert refused.place.line == 2 and refused.original == ("张三", "2026-02-30", "x")
    assert [(p.reason, p.column, p.original) for p in refused.problems] == [
        (Reason.NOT_DATE, "生日", "2026-02-30"),
        (Reason.NOT_INTEGER, "数", "x"),
    ]
    assert refused.problems[0].text.zh == "生日（2026-02-30）：不是有效日期。"
    assert kept.values == ("李四", date(1950, 1, 1), 2)
    assert converter.tally.reasons == {Reason.NOT_DATE: 1, Reason.NOT_INTEGER: 1}


def test_every_reason_has_its_words() -> None:
    for reason in Reason:
        text = explain(reason)
        assert text.zh.endswith("。") and text.en.endswith(".") and "," not in text.zh


CELLS: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.sampled_from(["1", "x", "2026-07-18", "", " ", "=1"]),
    st.integers(0, 3),
    st.floats(),
    st.decimals(),
    st.dates(),
    st.booleans(),
    st.just(Broken(Reason.ERROR_CELL, "#N/A")),
)


@given(
    st.lists(st.tuples(st.lists(CELLS, max_size=4), st.booleans(), st.booleans()), max_size=12),
    st.lists(st.sampled_from(Kind), min_size=3, max_size=3),
    st.sampled_from(OnDouble),
)
@settings(max_examples=80, deadline=None)
def test_in_is_out_and_refused(
    drawn: list[tuple[list[Value], bool, bool]], kinds: list[Kind], policy: OnDouble
) -> None:
    rows = [
        Row(Place("", number), tuple(cells), Reason.BAD_QUOTES if faulty else None, hidden)
        for number, (cells, faulty, hidden) in enumerate(drawn, 1)
    ]
    schema = Schema(tuple(Field(name, kind) for name, kind in zip("甲乙丙", kinds, strict=True)), ("甲",))
    doubles = find_doubles(Converter(schema, hidden=False).run(rows), schema.key_columns)
    converter = Converter(schema, hidden=False)
    results = list(settle_doubles(converter.run(rows), schema, doubles, policy, converter.tally))
    out = [result for result in results if isinstance(result, Record)]
    refused = [result for result in results if isinstance(result, Refused)]
    assert [result.place.row for result in results] == [row.place.row for row in rows]
    tally = converter.tally
    assert (tally.rows_in, tally.rows_out, tally.rows_refused) == (len(rows), len(out), len(refused))
    assert len({digest(record.values[:1]) for record in out}) == len(out)
    assert all(problem.text.zh for result in refused for problem in result.problems)


@pytest.mark.parametrize(
    ("policy", "kept"), [(OnDouble.FIRST, [1, 3]), (OnDouble.LAST, [3, 4]), (OnDouble.REFUSE, [3])]
)
def test_a_doubled_key_is_settled_as_somebody_chose(policy: OnDouble, kept: list[int]) -> None:
    schema = Schema((Field("号", Kind.TEXT), Field("数", Kind.INTEGER)), ("号",))
    rows = grid(("01", 1), ("01", 2), ("02", 1), ("01", 3), (None, 1))
    doubles = find_doubles(Converter(schema).run(rows), schema.key_columns)
    converter = Converter(schema)
    results = list(settle_doubles(converter.run(rows), schema, doubles, policy, converter.tally))
    assert [result.place.row for result in results if isinstance(result, Record)] == kept
    last = results[4]
    assert isinstance(last, Refused) and last.reason is Reason.KEY_MISSING
    assert converter.tally.reasons[Reason.KEY_DOUBLED] == 4 - len(kept)


# drift


def test_changes_of_columns_are_told_apart_and_held() -> None:
    before = Schema(
        (
            Field("姓名", Kind.TEXT),
            Field("联系电话", Kind.PHONE),
            Field("数", Kind.INTEGER),
            Field("旧", Kind.DATE),
        )
    )
    after = Schema(
        (
            Field("姓名", Kind.TEXT),
            Field("电话", Kind.PHONE),
            Field("数", Kind.TEXT),
            Field("新", Kind.BOOLEAN),
        )
    )
    found = drift(before, after)
    assert [(change.kind, change.likeness) for change in found.changes] == [
        (DriftKind.RENAMED, 0.833),
        (DriftKind.MISSING, 1.0),
        (DriftKind.ADDED, 1.0),
        (DriftKind.WIDENED, 1.0),
    ]
    assert found.held and found.breaking and found.changes[0].text.zh == "列“联系电话”疑似改名为“电话”。"


def test_another_order_is_not_held_and_a_narrower_type_is() -> None:
    a, b = Field("甲", Kind.TEXT), Field("乙", Kind.INTEGER)
    assert not drift(Schema((a, b)), Schema((a, b))).changes
    assert not drift(Schema((a, b)), Schema((b, a))).held
    narrower = drift(Schema((a, b)), Schema((Field("甲", Kind.DATE), b)))
    assert narrower.breaking and narrower.changes[0].kind is DriftKind.TYPE_CHANGED


# what changed


def compare(old: RowIndex, table: dict[str, int]) -> tuple[list[Delta], Difference]:
    difference = Difference(old, [0])
    records = [Record(Place("", row), values) for row, values in enumerate(table.items(), 1)]
    return list(difference.deltas(records)), difference


TABLES = st.dictionaries(st.text(max_size=3), st.integers(0, 2), max_size=12)


@given(TABLES, TABLES)
@settings(max_examples=80, deadline=None)
def test_changes_are_those_of_two_dictionaries_and_a_second_run_finds_none(
    before: dict[str, int], after: dict[str, int]
) -> None:
    old = compare(RowIndex(), before)[1].index
    deltas, difference = compare(old, after)
    found = {(delta.kind, delta.key) for delta in deltas}
    expected = {(DeltaKind.ADDED, digest([key])) for key in after.keys() - before.keys()}
    expected |= {(DeltaKind.DELETED, digest([key])) for key in before.keys() - after.keys()}
    both = before.keys() & after.keys()
    expected |= {(DeltaKind.CHANGED, digest([key])) for key in both if before[key] != after[key]}
    assert found == expected and len(deltas) == len(expected)
    turned = dict(reversed(after.items()))
    again, second = compare(RowIndex(difference.index.data), turned)
    assert not again and second.index.data == difference.index.data and second.unchanged == len(after)


def test_a_key_twice_or_none_ends_the_comparison() -> None:
    for keys in (("a", "a"), (None, "b")):
        with pytest.raises(TableError):
            list(Difference(RowIndex(), [0]).deltas(Record(Place("", 1), (key,)) for key in keys))
    with pytest.raises(ValueError, match="sorted"):
        RowIndex(b"\xff" * 32 + bytes(32))


def test_rows_that_look_alike_have_different_digests() -> None:
    rows = [("a", "bc"), ("ab", "c"), ("1", "x"), (1, "x"), (True, "x"), (None, "x"), ("", "x"), ("n0:", "x")]
    assert len({digest(row) for row in rows}) == len(rows)
    assert digest([1]) == digest([Decimal("1.00")])


# the way out


@pytest.mark.parametrize(
    "text",
    [
        "=CMD|' /C calc'!A0",
        "+1+cmd",
        "-2+3",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "＝1+1",
        " =1",
        '"=1',
        "|x",
        "\u3000＠x",
    ],
)
def test_dangerous_cells_become_text_once(text: str) -> None:
    assert safe_cell(text) == "'" + text and safe_cell(safe_cell(text)) == "'" + text


@pytest.mark.parametrize("text", ["", "-5", "+8613905310000", "-1,234.50", "张三", "a=b", "1-2", "12%"])
def test_harmless_cells_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


def test_the_schema_of_guesses_carries_the_key() -> None:
    schema = schema_of(infer(grid(("1", "a")), ["号", "名"]), key=("号",))
    assert schema.key_columns == (0,) and schema.names == ("号", "名")
    with pytest.raises(ValueError, match="key"):
        Schema((), ("号",))
