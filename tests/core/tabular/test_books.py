"""Workbooks: merged heads, formulas, dates of two systems, hidden sheets, bombs. Oracles: openpyxl, calamine."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from python_calamine import CalamineWorkbook

from quancheng.core.tabular import Broken, Format, Formulas, Reason, Sheet, TableError, propose_head
from quancheng.core.tabular.cells import Look, format_of, from_serial
from tests.core.tabular import biff
from tests.core.tabular.make import (
    LIMITS,
    archive,
    cells_of,
    found_in,
    ods,
    ods_cell,
    rows_of,
    sheet_xml,
    workbook,
    xlsx,
)


def refusal(data: bytes, **more: Any) -> Reason:
    with pytest.raises(TableError) as caught:
        rows_of(data, **more)
    return caught.value.reason


def test_a_ledger_with_title_and_merged_heads_becomes_flat_columns() -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.merge_range("A1:D1", "大明湖街道独居老人台账")
        sheet.merge_range("A2:A3", "姓名")
        sheet.merge_range("B2:C2", "地址")
        sheet.merge_range("D2:D3", "年龄")
        sheet.write_row("B3", ["区县", "街道"])
        sheet.write_row("A4", ["张三", "历下", "大明湖", 81])
        sheet.write_row("A5", ["李四", "历下", "趵突泉", 79])

    rows = rows_of(xlsx(write))
    head = propose_head(rows)
    assert head.names == ("姓名", "地址/区县", "地址/街道", "年龄")
    assert head.titles == ("大明湖街道独居老人台账",) and head.rows == (2, 3) and head.last == 3
    assert rows[3].cells == ("张三", "历下", "大明湖", 81) and rows[3].place.row == 4


def test_a_cell_merged_over_rows_of_data_counts_for_each_of_them() -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_row("A1", ["部门", "人"])
        sheet.merge_range("A2:A4", "民政局")
        sheet.write_column("B2", ["甲某", "乙某", "丙某"])

    assert cells_of(xlsx(write))[1:] == [("民政局", "甲某"), ("民政局", "乙某"), ("民政局", "丙某")]


def test_types_errors_and_leading_zeros() -> None:
    def write(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        sheet.write_datetime(0, 0, datetime(2026, 7, 18), day)
        sheet.write_datetime(
            0, 1, datetime(2026, 7, 18, 8, 30), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        )
        sheet.write_number(0, 2, 0.5, book.add_format({"num_format": "h:mm"}))
        sheet.write_boolean(0, 3, True)
        sheet.write_number(0, 4, 1234, book.add_format({"num_format": "000000"}))
        sheet.write_number(0, 5, 370102199001011234)
        sheet.write_number(0, 6, 0.1 + 0.2)
        sheet.write_rich_string(0, 7, "张", book.add_format({"bold": True}), "三")

    assert cells_of(xlsx(write))[0] == (
        date(2026, 7, 18),
        datetime(2026, 7, 18, 8, 30),
        time(12),
        True,
        "001234",
        Broken(Reason.DIGITS_LOST, "3.701021990010113E+17"),
        0.3,
        "张三",
    )


def formula_book() -> bytes:
    return workbook(
        sheet_xml(
            '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>B2</f></c>'
            '<c r="C1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="D1" t="str"><f>"x"</f><v>x</v></c></row>'
        )
    )


def test_a_formula_gives_its_saved_result_or_a_reason() -> None:
    assert cells_of(formula_book())[0] == (
        2,
        Broken(Reason.FORMULA_WITHOUT_VALUE, ""),
        Broken(Reason.ERROR_CELL, "#DIV/0!"),
        "x",
    )
    refused = cells_of(formula_book(), formulas=Formulas.REFUSE)[0]
    assert [cell.reason for cell in refused if isinstance(cell, Broken)] == [Reason.FORMULA] * 4


def test_results_marked_for_recalculation_are_taken_only_on_trust() -> None:
    cell = '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>'
    stale = workbook(sheet_xml(cell), book='<calcPr fullCalcOnLoad="1"/>')
    assert cells_of(stale) == [(Broken(Reason.FORMULA_STALE, "2"),)]
    assert cells_of(stale, formulas=Formulas.TRUST) == [(2,)]


@pytest.mark.parametrize("since_1904", [False, True])
def test_day_numbers_agree_with_excel_as_openpyxl_has_it(since_1904: bool) -> None:
    epoch = (
        openpyxl.utils.datetime.CALENDAR_MAC_1904
        if since_1904
        else openpyxl.utils.datetime.CALENDAR_WINDOWS_1900
    )
    for serial in (1, 59, 61, 1000, 36526, 46221, 46221.354166666664, 2_957_003):
        expected = openpyxl.utils.datetime.from_excel(serial, epoch=epoch)
        found = from_serial(serial, since_1904=since_1904)
        assert isinstance(found, date)
        moment = found if isinstance(found, datetime) else datetime.combine(found, time())
        assert abs(moment - expected) < timedelta(milliseconds=1)


def test_days_that_never_were() -> None:
    assert from_serial(60, since_1904=False) is None
    assert from_serial(-1, since_1904=False) is None
    assert from_serial(2_958_466, since_1904=False) is None


def test_which_formats_are_dates_agrees_with_openpyxl() -> None:
    codes = [
        "General",
        "0.00E+00",
        "yyyy/m/d",
        "[Red]0.00",
        '"day"0',
        "m月d日",
        "#,##0",
        "[$-804]yyyy-mm-dd",
        "h:mm:ss",
    ]
    for code in (*codes, *BUILTIN_FORMATS.values()):
        look = format_of(0, code)[0] if code != "General" else Look.NUMBER
        assert (look in (Look.DATE, Look.TIME, Look.ELAPSED)) == bool(is_date_format(code)), code


def test_hidden_sheets_are_listed_and_not_read_unasked() -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write("A1", "藏")
        shown = book.add_worksheet("公开")
        shown.write("A1", "见")
        shown.activate()
        shown.set_first_sheet()
        sheet.hide()

    data = xlsx(write)
    assert found_in(data).sheets == (Sheet("名册", True), Sheet("公开"))
    assert cells_of(data) == [("见",)] and cells_of(data, sheet="名册") == [("藏",)]
    assert refusal(data, sheet="没有") is Reason.NO_SUCH_SHEET


def test_rows_far_away_cost_nothing_and_columns_far_away_are_refused() -> None:
    data = workbook(
        sheet_xml('<row r="1048576"><c r="A1048576"><v>7</v></c></row><row><c r="XFD9"><v>1</v></c></row>')
    )
    rows = rows_of(data)
    assert rows[0].place.row == 1_048_576 and rows[0].cells == (7,)
    assert rows[1].fault is Reason.TOO_MANY_COLUMNS


def test_merges_over_the_whole_sheet_are_not_laid_out() -> None:
    data = workbook(
        sheet_xml(
            '<row r="1"><c r="A1"><v>7</v></c></row><row r="2"><c r="B2"><v>8</v></c></row>',
            '<mergeCells><mergeCell ref="A1:XFD1048576"/><mergeCell ref="A1:A2"/></mergeCells>',
        )
    )
    assert cells_of(data) == [(7,), (7, 8)]


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = workbook(sheet_xml("<row>" + " " * 5_000_000 + "</row>"))
    assert len(bomb) < 20_000 and refusal(bomb) is Reason.RATIO_TOO_HIGH
    limits = dataclasses.replace(LIMITS, unpacked=1_000_000)
    assert refusal(bomb, limits=limits) is Reason.UNPACKED_TOO_LARGE
    assert refusal(archive({f"p{n}": b"" for n in range(300)})) is Reason.TOO_MANY_PARTS


def test_a_directory_that_lies_about_sizes_gains_nothing() -> None:
    honest = workbook(sheet_xml('<row r="1"><c r="A1"><v>7</v></c></row>' + "<row/>" * 50_000))
    with zipfile.ZipFile(io.BytesIO(honest)) as book:
        size = book.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = honest.replace(size.to_bytes(4, "little"), (200).to_bytes(4, "little"))
    assert lying != honest and refusal(lying) is Reason.BROKEN_FILE


def test_entities_are_refused_where_they_are_declared() -> None:
    laughs = b'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    assert refusal(workbook(sheet_xml(""), head=laughs)) is Reason.ENTITY_DECLARED
    outside = b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + sheet_xml("")[38:]
    assert refusal(workbook(outside)) is Reason.ENTITY_DECLARED


def test_encrypted_and_broken_files_are_called_so() -> None:
    assert refusal(b"PK\x03\x04 nothing") is Reason.BROKEN_FILE
    compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert refusal(compound + "EncryptedPackage".encode("utf-16-le")) is Reason.ENCRYPTED
    assert refusal(compound) is Reason.BROKEN_FILE
    assert refusal(archive({"readme.txt": b"x"})) is Reason.UNSUPPORTED_FORMAT
    assert refusal(workbook(sheet_xml("<row><c>"))) is Reason.BROKEN_FILE


VALUES = st.one_of(
    st.integers(-(10**14), 10**14),
    st.booleans(),
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="_"), min_size=1, max_size=8),
    st.dates(date(1900, 3, 1), date(2200, 1, 1)),
)


@given(st.lists(st.lists(VALUES, min_size=2, max_size=2), min_size=1, max_size=5))
@settings(max_examples=20, deadline=None)
def test_what_openpyxl_writes_is_read_back_as_openpyxl_and_calamine_read_it(rows: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for at, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            cell = book.active.cell(at, column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    target = io.BytesIO()
    book.save(target)
    assert cells_of(target.getvalue()) == [tuple(row) for row in rows]
    oracle = CalamineWorkbook.from_filelike(io.BytesIO(target.getvalue())).get_sheet_by_index(0).to_python()
    assert [
        [value == other for value, other in zip(*pair, strict=True)]
        for pair in zip(rows, oracle, strict=True)
    ] == [[True, True]] * len(rows)


def test_open_document_sheets_with_repeats_merges_and_dates() -> None:
    rows = (
        "<table:table-row>"
        + ods_cell(
            "部门",
            office_value_type="string",
            table_number_rows_spanned="1",
            table_number_columns_spanned="1",
        )
        + ods_cell("日", office_value_type="string")
        + "</table:table-row><table:table-row>"
        + ods_cell(
            "民政",
            office_value_type="string",
            table_number_rows_spanned="2",
            table_number_columns_spanned="1",
        )
        + ods_cell("2026-07-18", office_value_type="date", office_date_value="2026-07-18")
        + ods_cell("3", office_value_type="float", office_value="3", table_number_columns_repeated="2")
        + "</table:table-row><table:table-row><table:covered-table-cell/>"
        + ods_cell("007", office_value_type="float", office_value="7")
        + '</table:table-row><table:table-row table:number-rows-repeated="1048000"><table:table-cell'
        ' table:number-columns-repeated="16384"/></table:table-row>'
    )
    data = ods(rows)
    assert found_in(data).format is Format.ODS
    assert cells_of(data) == [("部门", "日"), ("民政", date(2026, 7, 18), 3, 3), ("民政", "007")]


def test_repeats_are_counted_before_they_are_written_out() -> None:
    cell = ods_cell("1", office_value_type="float", office_value="1")
    data = ods(f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>')
    assert refusal(data) is Reason.TOO_MANY_ROWS
    wide = ods_cell("1", office_value_type="float", office_value="1", table_number_columns_repeated="16384")
    assert rows_of(ods(f"<table:table-row>{wide}</table:table-row>"))[0].fault is Reason.TOO_MANY_COLUMNS


def test_an_old_workbook_is_read_with_its_merges() -> None:
    data = biff.workbook(
        [["部门", "人", "号"], ["民政局", "甲某", 1.0], [None, "乙某", 370102199001011234.0]], [(1, 2, 0, 0)]
    )
    assert found_in(data).format is Format.XLS and found_in(data).sheets == (Sheet("册"),)
    lost = Broken(Reason.DIGITS_LOST, "3.7010219900101126e+17")
    assert cells_of(data) == [("部门", "人", "号"), ("民政局", "甲某", 1), ("民政局", "乙某", lost)]
    assert refusal(data, formulas=Formulas.REFUSE) is Reason.UNSUPPORTED_FORMAT
    assert refusal(data, limits=dataclasses.replace(LIMITS, in_memory=100)) is Reason.TOO_MANY_BYTES
