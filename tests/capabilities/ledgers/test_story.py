"""A ledger from its design to the source's correction, through actions."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.capabilities.ledgers.conftest import COMMUNITIES, STREET, base_columns, draft, id_number

from quancheng.capabilities.ledgers import actions, base, indicators, queries, tasks
from quancheng.capabilities.ledgers.models import Book, Difference, Returned, Row, State, Submission
from quancheng.capabilities.messages.models import Message
from quancheng.capabilities.tables import actions as tables
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

pytestmark = pytest.mark.django_db


def fill(actor: Any, row: Row, **cells: str) -> dict[str, Any]:
    return actions.save_row(
        Call(actor), row=row.pk, base_revision=row.revision, cells={"是否健在": "健在", **cells}
    )


# -- design -------------------------------------------------------------------------------------
def test_what_the_city_holds_is_refused_by_name_until_prefilled_or_excused(
    staff: SimpleNamespace, returned: Returned
) -> None:
    asked = [{"name": "老人姓名"}, {"name": "联系电话", "kind": "phone"}, {"name": "自理能力"}]
    book = draft(staff.clerk, columns=asked, base=None, key_column="")
    found = actions.check_book(Call(staff.clerk), book=book.pk)
    assert {(one.column, one.item, one.refused) for one in found} == {
        ("老人姓名", "姓名", True),
        ("联系电话", "手机号", True),
    }
    with pytest.raises(InvalidInput) as refused:
        actions.propose_book(Call(staff.clerk), book=book.pk)
    assert set(refused.value.fields) == {"老人姓名", "联系电话"}
    assert "高龄津贴领取人员" in refused.value.detail.zh
    asked[0]["exception"] = "上门确认的称呼与户籍姓名常不同"
    facts = {"zh": book.zh, "purpose": book.purpose, "due_on": book.due_on}
    edited = actions.edit_book(
        Call(staff.clerk), book=book.pk, expect=1, columns=[asked[0], asked[2]], **facts
    )
    assert actions.propose_book(Call(staff.clerk), book=book.pk).state == State.PROPOSED
    assert edited.revision == 2
    with pytest.raises(Conflict):
        actions.edit_book(Call(staff.clerk), book=book.pk, expect=2, columns=asked, **facts)


def test_a_second_look_before_it_goes_out(staff: SimpleNamespace, returned: Returned) -> None:
    book = draft(staff.clerk, returned)
    actions.propose_book(Call(staff.clerk), book=book.pk)
    with pytest.raises(Forbidden):
        actions.decide_book(Call(staff.clerk), book=book.pk, approve=True)
    with pytest.raises(InvalidInput):
        actions.decide_book(Call(staff.head), book=book.pk, approve=False)
    back = actions.decide_book(Call(staff.head), book=book.pk, approve=False, note="用途写清楚")
    assert (back.state, back.decision) == (State.DRAFT, "用途写清楚")
    assert not back.rows.exists()


def test_sent_out_it_is_prefilled_and_handed_to_workers(book: Book, staff: SimpleNamespace) -> None:
    rows = list(book.rows.order_by("number"))
    assert len(rows) == 9 and {row.region_code for row in rows} == set(COMMUNITIES)
    assert all(
        row.cells["姓名"] and row.cells["手机号"] and row.spared == 3 and row.typed == 0 for row in rows
    )
    by_place = {row.region_code: row.assignee_id for row in rows}
    assert by_place == {
        COMMUNITIES[0]: staff.worker.user_id, COMMUNITIES[1]: staff.neighbour.user_id, COMMUNITIES[2]: staff.worker.user_id
    }  # fmt: skip
    assert Message.objects.filter(source=f"ledgers:{book.pk}:opened").count() == 2


def test_a_condition_narrows_the_rows(staff: SimpleNamespace, returned: Returned) -> None:
    where = base.simple_condition(returned, "birth_date", "le", "1935-03-01")
    book = draft(staff.clerk, returned, base_where=where)
    actions.propose_book(Call(staff.clerk), book=book.pk)
    assert actions.decide_book(Call(staff.head), book=book.pk, approve=True).rows.count() == 2
    with pytest.raises(InvalidInput):
        base.simple_condition(returned, "birth_date", "le", "昨天")


def test_designs_at_fault_are_refused_with_their_fields(staff: SimpleNamespace, returned: Returned) -> None:
    wrong = [{"name": "甲", "filling": "base", "table": "无", "source": "x"}, {"name": "乙"}]
    with pytest.raises(InvalidInput) as refused:
        draft(
            staff.clerk,
            columns=wrong,
            zh="短",
            purpose="",
            due_on=clock.today() - timedelta(days=1),
            key_column="丙",
        )
    assert set(refused.value.fields) == {"columns.0", "zh", "purpose", "due_on", "key_column"}
    with pytest.raises(Forbidden):
        draft(staff.clerk, region_code="370103002")
    with pytest.raises(Forbidden):
        draft(staff.worker)


def test_rows_of_a_spreadsheet_are_prefilled_by_key_and_taken_once(
    staff: SimpleNamespace, returned: Returned
) -> None:
    columns = [*base_columns(returned), {"name": "走访备注"}]
    book = draft(staff.clerk, columns=columns, key_column="身份证号", base=None)
    rows = [
        {"身份证号": id_number(0), "走访备注": "独居", "社区代码": COMMUNITIES[1]},
        {"身份证号": id_number(10), "走访备注": "别的街道"},
        {"身份证号": id_number(0)},
        {"无关": "x"},
    ]
    assert actions.import_rows(Call(staff.clerk), book=book.pk, rows=rows) == 2
    first, other = book.rows.order_by("number")
    assert first.cells["姓名"] == "王秀一" and first.region_code == COMMUNITIES[1] and first.base_key == []
    assert other.base == {} and other.region_code == STREET, "nothing is told of people of another street"


# -- collection ---------------------------------------------------------------------------------
def test_the_same_key_sends_once(book: Book, staff: SimpleNamespace) -> None:
    row = book.rows.get(number=1)
    call = Call(staff.worker, key="phone-1")
    facts = {"row": row.pk, "base_revision": 1, "cells": {"是否健在": "健在"}}
    first, again = actions.save_row(call, **facts), actions.save_row(call, **facts)
    assert first == again and first["outcome"] == "applied"
    assert row.refresh().revision == 2 and row.submissions.count() == 1 and row.state == "done"


def test_two_people_at_once_nothing_is_lost(book: Book, staff: SimpleNamespace) -> None:
    row = book.rows.get(number=1)
    fill(staff.worker, row, 手机号="13900000001")
    merged = actions.save_row(
        Call(staff.clerk), row=row.pk, base_revision=1, cells={"走访备注": "街道补记"}, done=False
    )
    assert merged["outcome"] == "merged"
    assert (
        merged["row"]["cells"]["手机号"] == "13900000001" and merged["row"]["cells"]["走访备注"] == "街道补记"
    )
    clash = actions.save_row(
        Call(staff.clerk), row=row.pk, base_revision=1, cells={"手机号": "13900000002"}, done=False
    )
    assert clash["outcome"] == "conflict"
    assert clash["clashes"] == [
        {"column": "手机号", "before": row.base["手机号"], "mine": "13900000002", "theirs": "13900000001"}
    ]
    assert row.refresh().cells["手机号"] == "13900000001"
    with pytest.raises(Conflict):
        actions.close_book(Call(staff.clerk), book=book.pk)
    with pytest.raises(InvalidInput):
        actions.settle_conflict(
            Call(staff.clerk), submission=clash["submission"], choices={}, revision=row.revision
        )
    with pytest.raises(Conflict):
        actions.settle_conflict(
            Call(staff.clerk), submission=clash["submission"], choices={"手机号": "mine"}, revision=1
        )
    actions.settle_conflict(
        Call(staff.clerk), submission=clash["submission"], choices={"手机号": "mine"}, revision=row.revision
    )
    assert row.refresh().cells["手机号"] == "13900000002" and row.cells["走访备注"] == "街道补记"
    kept = Submission.objects.get(pk=clash["submission"])
    assert (kept.state, kept.clashes[0]["theirs"]) == ("settled", "13900000001")
    with pytest.raises(Conflict):
        actions.settle_conflict(
            Call(staff.clerk),
            submission=clash["submission"],
            choices={"手机号": "mine"},
            revision=row.revision,
        )


def test_faults_are_named_at_their_cells(book: Book, staff: SimpleNamespace) -> None:
    row = book.rows.get(number=1)
    with pytest.raises(InvalidInput) as refused:
        actions.save_row(
            Call(staff.worker),
            row=row.pk,
            base_revision=1,
            cells={"走访日期": "昨天", "手机号": "12", "没有的": "1"},
        )
    assert set(refused.value.fields) == {"走访日期", "手机号", "没有的", "是否健在"}
    with pytest.raises(InvalidInput) as refused:
        actions.save_row(Call(staff.worker), row=row.pk, base_revision=1, cells={}, standing="absent")
    assert set(refused.value.fields) == {"note"}
    with pytest.raises(InvalidInput):
        fill(staff.worker, Row(pk=row.pk, revision=99))
    actions.close_book(Call(staff.clerk), book=book.pk)
    with pytest.raises(Conflict):
        fill(staff.worker, row)


def test_rows_found_in_the_field(book: Book, staff: SimpleNamespace) -> None:
    cells = {"身份证号": id_number(40), "姓名": "赵桂兰", "手机号": "13900000009", "是否健在": "健在"}
    call = Call(staff.worker)
    sent = actions.add_row(
        call, book=book.pk, client_id="phone-row-1", cells=cells, region_code=COMMUNITIES[2]
    )
    again = actions.add_row(call, book=book.pk, client_id="phone-row-1", cells=cells)
    assert sent["row"]["id"] == again["row"]["id"] and sent["row"]["standing"] == "added"
    with pytest.raises(InvalidInput) as refused:
        actions.add_row(call, book=book.pk, client_id="phone-row-2", cells={"身份证号": id_number(1)})
    assert set(refused.value.fields) == {"身份证号", "是否健在"}
    with pytest.raises(Forbidden):
        actions.add_row(Call(staff.stranger), book=book.pk, client_id="phone-row-3", cells=cells)


# -- differences --------------------------------------------------------------------------------
def test_differences_go_up_are_decided_and_change_the_source(
    book: Book, staff: SimpleNamespace, returned: Returned
) -> None:
    rows = list(book.rows.order_by("number"))
    fill(staff.worker, rows[0], 手机号="13900000001")
    fill(staff.worker, rows[2], 姓名="王改名")
    actions.save_row(
        Call(staff.worker), row=rows[3].pk, base_revision=1, cells={}, standing="absent", note="已迁出"
    )
    new = {"身份证号": id_number(40), "姓名": "赵桂兰", "手机号": "13900000009", "是否健在": "健在"}
    actions.add_row(
        Call(staff.worker), book=book.pk, client_id="phone-row-1", cells=new, region_code=COMMUNITIES[0]
    )
    assert actions.send_differences(Call(staff.clerk), book=book.pk) == {"jn-civil": 4}
    with pytest.raises(Conflict):
        actions.send_differences(Call(staff.clerk), book=book.pk)
    assert Message.objects.filter(user_id=staff.source.user_id).count() == 1
    by_kind = {(one.kind, one.column): one for one in Difference.objects.all()}
    value, named = by_kind["value", "手机号"], by_kind["value", "姓名"]
    missing, extra = by_kind["missing", ""], by_kind["extra", ""]

    with pytest.raises(InvalidInput):
        actions.decide_difference(Call(staff.source), difference=named.pk, accept=False)
    actions.decide_difference(Call(staff.source), difference=named.pk, accept=False, reason="户籍未变更")
    done = actions.decide_difference(Call(staff.source), difference=value.pk, accept=True)
    assert done.version == 2 and base.sole(returned, value.key)["phone"] == "13900000001"
    assert rows[0].refresh().base["手机号"] == "13900000001" and rows[0].differing == 0
    actions.decide_difference(Call(staff.source), difference=missing.pk, accept=True)
    assert base.look_up(returned, [missing.key]) == {}
    actions.decide_difference(Call(staff.source), difference=extra.pk, accept=True)
    assert base.sole(returned, [id_number(40)])["region"] == COMMUNITIES[0]
    with pytest.raises(Conflict):
        actions.decide_difference(Call(staff.source), difference=extra.pk, accept=True)
    with pytest.raises(Conflict):
        actions.send_differences(Call(staff.clerk), book=book.pk)
    assert indicators.differences_decided() == 100.0


def test_a_source_that_moved_on_is_not_overwritten(
    book: Book, staff: SimpleNamespace, returned: Returned
) -> None:
    row = book.rows.get(number=1)
    fill(staff.worker, row, 手机号="13900000001")
    actions.send_differences(Call(staff.clerk), book=book.pk)
    now = {**base.sole(returned, row.base_key), "phone": "13800000000"}
    tables.apply_changes(Call.system("tests"), table_id=returned.table, upserts=[now], run="meanwhile")
    found = Difference.objects.get()
    with pytest.raises(Conflict) as refused:
        actions.decide_difference(Call(staff.source), difference=found.pk, accept=True)
    assert "13800000000" in refused.value.detail.zh
    assert base.sole(returned, row.base_key)["phone"] == "13800000000"


# -- running ------------------------------------------------------------------------------------
def test_remind_close_next_round_and_burden(staff: SimpleNamespace, returned: Returned) -> None:
    book = draft(staff.clerk, returned, period="month")
    actions.propose_book(Call(staff.clerk), book=book.pk)
    actions.decide_book(Call(staff.head), book=book.pk, approve=True)
    fill(staff.worker, book.rows.get(number=1))
    assert actions.remind_book(Call(staff.clerk), book=book.pk) == 2
    actions.remind_book(Call(staff.clerk), book=book.pk)
    assert Message.objects.filter(source__startswith=f"ledgers:{book.pk}:remind").count() == 2
    shares = {one.code: one.share for one in queries.progress(staff.clerk, book)}
    assert shares == {COMMUNITIES[0]: 33, COMMUNITIES[1]: 0, COMMUNITIES[2]: 0}
    burden = queries.burden(staff.district, clock.today())
    assert [(one.code, one.rows, one.spared, one.typed) for one in burden] == [
        (COMMUNITIES[0], 3, 9, 1), (COMMUNITIES[1], 3, 9, 0), (COMMUNITIES[2], 3, 9, 0)
    ]  # fmt: skip
    assert indicators.prefilled_share() == 96.43 and indicators.filled_share() == 11.11
    with clock.at(clock.now() + timedelta(days=8)):
        assert tasks.rounds() == {"closed": 1, "opened": 1, "held": 0}
        assert tasks.rounds() == {"closed": 0, "opened": 0, "held": 0}
    following = Book.objects.get(previous=book)
    assert (following.round, following.state, following.rows.count()) == (2, State.OPEN, 9)
    assert following.due_on.month != book.due_on.month and following.rows.filter(state="done").count() == 0
    assert actions.archive_book(Call(staff.clerk), book=book.pk).state == State.ARCHIVED


def test_rows_go_to_workers_of_the_area_only(book: Book, staff: SimpleNamespace) -> None:
    call = Call(staff.clerk)
    assert actions.assign_rows(call, book=book.pk, user=staff.neighbour.user_id, region=COMMUNITIES[0]) == 3
    for wrong in (
        {"user": staff.stranger.user_id, "region": COMMUNITIES[0]},
        {"user": staff.neighbour.user_id, "region": "370103002001"},
    ):
        with pytest.raises(InvalidInput):
            actions.assign_rows(call, book=book.pk, **wrong)
    with pytest.raises(NotFound):
        actions.assign_rows(
            Call(staff.stranger), book=book.pk, user=staff.neighbour.user_id, region=COMMUNITIES[0]
        )
