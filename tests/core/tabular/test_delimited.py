"""Delimited text: encodings, delimiters, quotes that do not close, rows of uneven length."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.tabular import Broken, Format, Reason, TableError, detect_encoding, read, sniff
from tests.core.tabular.make import LIMITS, Sparse, cells_of, found_in, rows_of

STREETS = "姓名,街道\n张三,大明湖街道\n李四,趵突泉街道\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_a_table_reads_the_same_in_every_encoding_of_the_offices(encoding: str) -> None:
    assert cells_of((STREETS * 5).encode(encoding))[1] == ("张三", "大明湖街道")


def test_a_gbk_file_is_told_though_its_first_hundred_kilobytes_are_ascii() -> None:
    data = b"code,name\n" + b"1,a\n" * 30_000 + "2,泉城路\n".encode("gbk")
    found = found_in(data)
    assert found.encoding == "gb18030"
    limits = dataclasses.replace(LIMITS, rows=40_000)
    assert rows_of(data, limits=limits)[-1].cells == ("2", "泉城路")


def test_rare_characters_need_four_bytes_of_gb18030() -> None:
    assert cells_of("名\n𠮷野\n㐂\n".encode("gb18030"))[1:] == [("𠮷野",), ("㐂",)]


def test_one_damaged_cell_does_not_spoil_the_file() -> None:
    data = ("名,区\n" + "张三,历下\n" * 50).encode() + b"\xff\xfe,x\n" + "李四,市中\n".encode()
    rows = rows_of(data)
    assert len(rows) == 53
    assert rows[51].cells[0] == Broken(Reason.BAD_ENCODING, "��")
    assert rows[52].cells == ("李四", "市中")


def test_bytes_of_no_text_are_refused() -> None:
    with pytest.raises(TableError) as caught:
        found_in(bytes(range(256)) * 40)
    assert caught.value.reason is Reason.UNKNOWN_ENCODING
    assert "编码" in caught.value.text.zh


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_told(delimiter: str) -> None:
    data = "".join(
        delimiter.join(row) + "\n" for row in [("a", "b", "c"), ("1", "2", "x y"), ("3", "4", "z")]
    )
    assert found_in(data.encode()).delimiter == delimiter


def test_semicolons_inside_quotes_are_no_delimiter_and_excel_may_declare_one() -> None:
    assert found_in(b'a,b\n"x;y;z",1\n"p;q;r",2\n').delimiter == ","
    assert cells_of(b"sep=;\na;b,c\n1;2,5\n") == [("a", "b,c"), ("1", "2,5")]


def test_quotes_line_ends_and_doubled_quotes() -> None:
    data = '名,备注\r\n"张""三","第一行\r\n第二行"\r\n李四,5" 管\r\n'.encode()
    rows = rows_of(data)
    assert [row.cells for row in rows[1:]] == [('张"三', "第一行\n第二行"), ("李四", '5" 管')]
    assert [row.place.line for row in rows] == [1, 2, 4]


def test_a_stray_quote_costs_its_own_line_and_no_other() -> None:
    data = '名,区\n"张三,历下\n李四,市中\n王五,槐荫\n'.encode()
    rows = rows_of(data)
    assert [row.fault for row in rows] == [None, Reason.BAD_QUOTES, None, None]
    assert rows[1].place.line == 2 and rows[1].cells == ('"张三,历下',)
    assert rows[3].cells == ("王五", "槐荫")


def test_two_stray_quotes_do_not_weld_two_rows_together() -> None:
    rows = rows_of('名,区\n"张三,历下\n"李四",市中\n'.encode())
    assert [row.fault for row in rows] == [None, Reason.BAD_QUOTES, None]
    assert rows[2].cells == ("李四", "市中")


def test_hostile_cells_stay_what_they_are() -> None:
    cells = ("=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", "=HYPERLINK(0)")
    assert (
        cells_of(("a|b|c|d|e\n" + "\n".join(["^".join(cells)] * 3)).replace("|", "^", 4).encode())[1] == cells
    )


def test_long_cells_long_rows_many_columns_are_refused_one_by_one() -> None:
    lines = [
        "a,b",
        "x" * 3_000 + ",1",
        "y" * 60_000 + ",1",
        ",".join("z" * 200),
        '"' + "q" * 55_000 + '",2',
        "good,2",
    ]
    rows = rows_of("\n".join(lines).encode())
    assert rows[1].fault is None and rows[1].cells[0] == Broken(Reason.CELL_TOO_LONG, "x" * 2_000)
    assert [row.fault for row in rows[2:5]] == [
        Reason.ROW_TOO_LONG,
        Reason.TOO_MANY_COLUMNS,
        Reason.ROW_TOO_LONG,
    ]
    assert rows[5].cells == ("good", "2") and rows[5].place.line == 6


def test_two_gigabytes_are_refused_without_reading_them() -> None:
    stream = Sparse("名,区\n".encode(), 2 * 2**30)
    with pytest.raises(TableError) as caught:
        sniff(stream, "大.csv", LIMITS)  # type: ignore[arg-type]
    assert caught.value.reason is Reason.TOO_MANY_BYTES and stream.given == 0


def test_two_gigabytes_that_are_allowed_stream_until_the_limit_of_a_row() -> None:
    stream = Sparse("名,区\n张三,历下\n".encode(), 2 * 2**30)
    limits = dataclasses.replace(LIMITS, bytes=3 * 2**30)
    found = dataclasses.replace(found_in("名,区\n张三,历下\n".encode()), format=Format.CSV)
    rows = read(stream, found, limits)  # type: ignore[arg-type]
    assert next(rows).cells == ("名", "区") and next(rows).cells == ("张三", "历下")
    assert stream.given < 200_000


def test_too_many_rows_end_the_reading() -> None:
    limits = dataclasses.replace(LIMITS, rows=3)
    with pytest.raises(TableError) as caught:
        rows_of(b"a,b\n" * 4, limits=limits)
    assert caught.value.reason is Reason.TOO_MANY_ROWS


@pytest.mark.parametrize("data", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_empty_files_are_called_empty(data: bytes) -> None:
    with pytest.raises(TableError) as caught:
        found_in(data)
    assert caught.value.reason is Reason.EMPTY


def test_a_web_page_called_xls_is_refused_with_advice() -> None:
    with pytest.raises(TableError) as caught:
        found_in("<html><table><tr><td>姓名</td></tr></table></html>".encode("gbk"), "导出.xls")
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT and "另存为" in caught.value.text.zh


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t,;\"'"), max_size=12)


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read_back(rows: list[list[str]], encoding: str) -> None:
    target = io.StringIO()
    csv.writer(target, quoting=csv.QUOTE_ALL).writerows(rows)
    stream = io.BytesIO(target.getvalue().encode(encoding))
    found = dataclasses.replace(found_in(b"a,b\n"), encoding=encoding)
    assert [[cell or "" for cell in row.cells] for row in read(stream, found, LIMITS)] == [
        row for row in rows if any(row)
    ]


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_rows_or_a_reason(data: bytes) -> None:
    refused = False
    rows = []
    try:
        rows = rows_of(data)
    except TableError:
        refused = True
    assert refused or all(row.cells or row.fault for row in rows)


@given(st.text("的一是了在人有我他这" + "abc,", min_size=1, max_size=50))
@settings(max_examples=40, deadline=None)
def test_valid_utf8_is_never_taken_for_gbk(text: str) -> None:
    assert detect_encoding(io.BytesIO(text.encode())).name == "utf-8"
