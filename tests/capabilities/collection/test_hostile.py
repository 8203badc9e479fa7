"""What clerks and strangers send, from the file to the table and back: nothing lost, nothing swallowed, nothing run."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
import xlsxwriter
from tests.capabilities.collection.conftest import COLUMNS, HEAD, LAYOUT, csv_of, row
from tests.capabilities.collection.test_story import rows_of

from quancheng.capabilities.collection import actions, engine, queries, rawfiles
from quancheng.capabilities.collection.models import RefusedRow
from quancheng.capabilities.collection.pages.runs import _lines
from quancheng.kernel.errors import TooLarge


def book(fill) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as made:
        fill(made, made.add_worksheet("名册"))
    return stream.getvalue()


def test_merged_heads_titles_and_totals(organs, officer, deliver) -> None:
    def fill(made, sheet) -> None:
        sheet.merge_range("A1:E1", "济南市老年人补贴发放表")
        sheet.write("A2", "填报单位：市民政局")
        sheet.merge_range("A3:A4", "编号")
        sheet.merge_range("B3:C3", "本人")
        sheet.write_row("B4", ["姓名", "年龄"])
        sheet.merge_range("D3:D4", "发放日期")
        sheet.merge_range("E3:E4", "补贴")
        day = made.add_format({"num_format": "yyyy-mm-dd"})
        for at in range(12):
            sheet.write_row(4 + at, 0, [f"E{at}", f"王{at}", 60 + at])
            sheet.write_datetime(4 + at, 3, date(2026, 7, 1 + at), day)
            sheet.write_number(4 + at, 4, 100.5)
        sheet.write_row(16, 0, ["合计", "", "", "", 1206])

    columns = [
        {"name": "编号", "kind": "text"}, {"name": "姓名", "kind": "text"}, {"name": "年龄", "kind": "integer"},
        {"name": "发放日期", "kind": "date"}, {"name": "补贴", "kind": "decimal"},
    ]  # fmt: skip
    layout = {
        "columns": {
            "编号": "编号",
            "本人/姓名": "姓名",
            "本人/年龄": "年龄",
            "发放日期": "发放日期",
            "补贴": "补贴",
        }
    }
    actions.create_feed(officer, code="merged", zh="合并表头", organ="jn-civil", connector="upload")
    feed = actions.agree_layout(officer, code="merged", columns=columns, key=["编号"], layout=layout)
    run = deliver(book(fill), "merged", "表.xlsx")
    assert run.holds[0]["kind"] == "refusals"  # the total is one row of thirteen
    assert run.plan["reasons"] == {"not_data": 1} and run.found["titles"][0] == "济南市老年人补贴发放表"
    actions.decide(officer, run_id=str(run.pk), verdict="accept", reason="合计行")
    engine.work(str(run.pk))
    assert rows_of(feed)["E3"] == {
        "编号": "E3",
        "姓名": "王3",
        "年龄": 63,
        "发放日期": date(2026, 7, 4),
        "补贴": rows_of(feed)["E3"]["补贴"],
    }


def test_gbk_with_chinese_dates_and_thousands(feed, deliver) -> None:
    text = (
        csv_of(*[row(n, day="2026年7月18日", money='"1,234.50"') for n in range(10)])
        .decode()
        .encode("gb18030")
    )
    run = deliver(text)
    assert run.state == "done" and run.found["encoding"] == "gb18030"
    assert (
        rows_of(feed)["E00003"]["登记日期"] == date(2026, 7, 18)
        and float(rows_of(feed)["E00003"]["补贴"]) == 1234.5
    )


def test_formulas_without_result_are_refused_with_their_place(feed, deliver, officer) -> None:
    def fill(made, sheet) -> None:
        sheet.write_row(0, 0, HEAD.split(","))
        for at in range(30):
            sheet.write_row(at + 1, 0, row(at).split(",")[:4])
            sheet.write_formula(at + 1, 4, "=1+1", value=2 if at else "")
        sheet.write_formula(2, 3, '=cmd|"/c calc"!A1', value="#REF!")

    run = deliver(book(fill), name="公式.xlsx")
    assert run.state == "held" and run.plan["reasons"] == {
        "formula_stale": 30
    }  # the writer marked all as due
    actions.decide(officer, run_id=str(run.pk), verdict="reject", reason="请打开保存后再报")
    actions.agree_layout(
        officer, code="elders", columns=COLUMNS, key=["编号"], layout=LAYOUT | {"formulas": "trust"}
    )
    run = deliver(book(fill) + b"", name="公式2.xlsx")
    reasons = {one.row: (one.reason, one.column) for one in RefusedRow.objects.filter(run=run)}
    assert reasons == {2: ("formula_without_value", "补贴"), 3: ("error_cell", "登记日期")}
    assert run.counts["rows_in"] == 30 == run.counts["rows_out"] + run.counts["refused"]


def test_a_column_that_changes_its_type_half_way_holds_the_run(feed, deliver) -> None:
    run = deliver(csv_of(*[row(n, day="待定" if n >= 20 else "2026-07-18") for n in range(40)]))
    assert run.state == "held" and not rows_of(feed)
    assert {hold["kind"] for hold in run.holds} == {"column_type", "refusals"}


def test_a_zip_bomb_and_a_page_named_xls_are_refused_as_files(feed, deliver) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    run = deliver(stream.getvalue(), name="炸弹.xlsx")
    assert (
        run.state == "failed" and run.failure["code"] == "ratio_too_high" and len(stream.getvalue()) < 100_000
    )
    run = deliver(b"<html><table><tr><td>1</td></tr></table></html>", name="表.xls")
    assert run.state == "failed" and run.failure["code"] == "unsupported_format"
    assert feed.refresh().state == "active" and feed.failures == 2


def test_two_gigabytes_are_refused_without_being_read(
    feed, deliver, officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = "f" * 64
    path = rawfiles.path_of(digest)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:  # sparse: it takes no room on the disk
        file.write(HEAD.encode() + b"\n")
        file.truncate(2048 * 1024 * 1024 + 1)
    run = actions.deliver(officer, code="elders", digest=digest, name="大.csv")
    assert engine.work(str(run.pk)) == "failed" and run.refresh().failure["code"] == "too_many_bytes"
    monkeypatch.setenv("QUANCHENG_COLLECTION_BYTES", "1000000")
    with pytest.raises(TooLarge):
        rawfiles.keep(b"x" * 100_000 for _ in range(11))
    assert not list((path.parents[1]).glob(".*"))  # nothing is left of it


def test_a_hostile_cell_is_data_and_leaves_as_text(feed, deliver, officer) -> None:
    rows = [row(n) for n in range(40)]
    rows[0] = "E00000,\"=cmd|'/c calc'!A1\",370102195001010000,2026-07-18,1"
    rows[1] = 'E00001,"=HYPERLINK(""http://x"")",370102195001010001,不是日期,1'
    run = deliver(csv_of(*rows))
    assert run.state == "done"
    assert rows_of(feed)["E00000"]["姓名"] == "=cmd|'/c calc'!A1"  # kept as what it is
    lines = b"".join(_lines(run.found["names"], queries.refused_in_full(officer.actor, run))).decode(
        "utf-8-sig"
    )
    assert "'=HYPERLINK" in lines and ",=HYPERLINK" not in lines
    fixed = lines.replace("不是日期", "2026-07-19").encode("utf-8-sig")
    again = deliver(fixed, supplement=True)  # as it was downloaded, with its two columns more
    assert again.state == "done" and again.counts["inserted"] == 1, again.holds
    assert rows_of(feed)["E00001"]["姓名"] == '=HYPERLINK("http://x")'


def test_control_characters_and_broken_encoding_refuse_their_rows_only(feed, deliver) -> None:
    rows = [row(n).encode() for n in range(45)]
    rows[3] = rows[3].replace("张3".encode(), b"\xff\xfe\xff")
    content = HEAD.encode() + b"\n" + b"\n".join(rows) + b"\n"
    run = deliver(content)
    assert run.state == "done" and run.plan["reasons"] == {"bad_encoding": 1}


def test_nothing_of_the_samples_or_plans_shows_personal_text(feed, deliver) -> None:
    run = deliver(csv_of(*[row(n) for n in range(3)], row(7, id="37010219500101ABCD")))
    said = str(run.plan) + str(run.holds) + str(list(RefusedRow.objects.filter(run=run).values()))
    assert "3701021950" not in said and "张7" not in said
