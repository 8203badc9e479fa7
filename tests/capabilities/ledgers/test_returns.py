"""Data return: rows of one's own area with a mark, both counts, export; comparison of lists."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.capabilities.ledgers.conftest import COMMUNITIES, OFFICE, STREET, id_number

from quancheng.capabilities.ledgers import actions, queries, sides, tasks
from quancheng.capabilities.ledgers.comparing import Matching
from quancheng.capabilities.ledgers.models import Book, Comparison, Difference, Returned
from quancheng.capabilities.tables import actions as tables
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.audit.models import AuditEntry
from quancheng.kernel.errors import Forbidden, InvalidInput, NotFound

pytestmark = pytest.mark.django_db


def test_everybody_gets_the_rows_of_their_own_area(staff: SimpleNamespace, returned: Returned) -> None:
    counts = {}
    for name in ("clerk", "district", "bureau", "stranger"):
        seen = actions.look_at_returned(Call(getattr(staff, name)), returned=returned.pk)
        counts[name] = seen["total"]
    assert counts == {"clerk": 9, "district": 9, "bureau": 13, "stranger": 4}
    with pytest.raises(Forbidden):
        actions.look_at_returned(Call(staff.clerk), returned=returned.pk, area="370103002")
    assert (
        actions.look_at_returned(Call(staff.clerk), returned=returned.pk, area=COMMUNITIES[0])["total"] == 3
    )
    for name in ("worker", "asker"):
        with pytest.raises((Forbidden, NotFound)):
            actions.look_at_returned(Call(getattr(staff, name)), returned=returned.pk)


def test_each_look_leaves_its_mark(staff: SimpleNamespace, returned: Returned) -> None:
    seen = actions.look_at_returned(Call(staff.clerk), returned=returned.pk, filters={"text": "王秀一"})
    assert seen["total"] == 1 and "曲晓彤" in seen["mark"]["text"]
    entry = AuditEntry.objects.filter(action="ledgers.look_at_returned").latest("id")
    detail = json.loads(entry.detail)
    assert (
        detail["mark"] == seen["mark"]["code"]
        and detail["area"] == STREET
        and detail["asked"] == {"text": "王秀一"}
    )
    found = actions.look_at_returned(
        Call(staff.clerk), returned=returned.pk, filters={"column": "birth_date", "value": "1935-01-01"}
    )
    assert [row[0]["text"] for row in found["rows"]] == [id_number(0)]
    for wrong in ({"column": "没有", "value": "1"}, {"offset": "-1"}, {"sort": "没有"}):
        with pytest.raises(InvalidInput):
            actions.look_at_returned(Call(staff.clerk), returned=returned.pk, filters=wrong)


def test_both_sides_count_and_agree(staff: SimpleNamespace, returned: Returned) -> None:
    first = actions.take_receipt(Call(staff.clerk), returned=returned.pk)
    assert (first.given, first.taken, first.equal, first.version) == (9, 9, True, 1)
    assert actions.take_receipt(Call(staff.clerk), returned=returned.pk).pk == first.pk
    other = actions.take_receipt(Call(staff.stranger), returned=returned.pk)
    assert other.given == 4 and other.digest != first.digest
    gone = [[id_number(0)]]
    tables.apply_changes(Call.system("tests"), table_id=returned.table, deletes=gone, run="gone")
    later = actions.take_receipt(Call(staff.clerk), returned=returned.pk)
    assert (later.version, later.given, later.taken) == (2, 8, 8)
    lines = queries.reconciliation(staff.bureau, returned)
    assert lines["equal"] and lines["total"] == lines["sum"] == 12
    assert {one["code"]: one["given"] for one in lines["lines"]} == {"370102": 8, "370103": 4}


def test_exports_need_a_purpose_and_run_nothing(staff: SimpleNamespace, returned: Returned) -> None:
    with pytest.raises(InvalidInput):
        actions.export_returned(Call(staff.clerk), returned=returned.pk, purpose=" ")
    text = actions.export_returned(Call(staff.clerk), returned=returned.pk, purpose="入户核查")
    assert text.startswith("\ufeff身份证号,姓名") and text.count(id_number(0)) == 1 and "溯源码" in text
    assert "370103002" not in text


def test_only_the_source_declares_and_stops(staff: SimpleNamespace, returned: Returned) -> None:
    facts = {"table": returned.table, "zh": "x", "organ": "jn-civil"}
    with pytest.raises(InvalidInput) as refused:
        actions.declare_returned(Call(staff.source), region_column="birth_date", fields=["没有"], **facts)
    assert set(refused.value.fields) == {"region_column", "fields"}
    for actor in (staff.clerk, staff.stranger):
        with pytest.raises(Forbidden):
            actions.declare_returned(Call(actor), region_column="region", **facts)
    narrowed = actions.declare_returned(Call(staff.source), region_column="region", fields=["name"], **facts)
    seen = actions.look_at_returned(Call(staff.clerk), returned=narrowed.pk)
    assert [one.name for one in seen["columns"]] == ["id_number", "name", "region"]
    actions.stop_returned(Call(staff.source), returned=returned.pk, reason="数据源停用")
    with pytest.raises(NotFound):
        actions.look_at_returned(Call(staff.clerk), returned=returned.pk)


# -- comparison ---------------------------------------------------------------------------------
def given(rows: list[dict[str, str]]) -> sides.ListRef:
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    return sides.ListRef("file", 0, "社区名单.xlsx", names, rows)


@pytest.fixture
def comparison(staff: SimpleNamespace, returned: Returned) -> Comparison:
    """A community's list against the returned table."""
    rows = [
        {"身份证号": id_number(0), "姓名": "王秀一", "手机号": "13911112222"},
        {"身份证号": id_number(1), "姓名": "=王", "手机号": "19953100001"},
        {"身份证号": id_number(60), "姓名": "外来", "手机号": ""},
    ]
    right = sides.of_table(staff.clerk, returned.pk)
    matching = Matching(key=(("身份证号", "身份证号"),))
    columns = [("姓名", "姓名"), ("手机号", "手机号")]
    return actions.compare_lists(
        Call(staff.clerk, key="c1"),
        zh="社区名单核对",
        left=given(rows),
        right=right,
        matching=matching,
        columns=columns,
    )


def test_differences_of_a_list_become_tasks_and_corrections(
    staff: SimpleNamespace, comparison: Comparison, returned: Returned
) -> None:
    assert comparison.counts == {
        "left": 3, "right": 9, "only_left": 1, "only_right": 7, "differing": 2, "same": 0, "unsure_left": 0,
        "unsure_right": 0,
    }  # fmt: skip
    text = actions.export_comparison(Call(staff.clerk), comparison=comparison.pk, side="differing")
    assert "'=王" in text and text.count("内容不同") == 2
    book = actions.turn_into_book(
        Call(staff.clerk), comparison=comparison.pk, kinds=["left"], department=OFFICE, region_code=STREET,
        due_on=clock.today() + timedelta(days=3),
    )  # fmt: skip
    assert isinstance(book, Book) and book.rows.count() == 1 and book.rows.get().key == id_number(60)
    assert actions.turn_into_differences(Call(staff.clerk), comparison=comparison.pk) == 2
    sent = {(one.label, one.column): one for one in Difference.objects.all()}
    assert sent[id_number(0), "手机号"].found == "13911112222"
    actions.decide_difference(Call(staff.source), difference=sent[id_number(0), "手机号"].pk, accept=True)
    assert queries.differences(staff.source, state="waiting").count() == 1


def test_a_comparison_is_its_makers_alone_and_expires(staff: SimpleNamespace, comparison: Comparison) -> None:
    assert not queries.comparisons(staff.district).exists() and not queries.comparisons(staff.bureau).exists()
    with pytest.raises(NotFound):
        actions.export_comparison(Call(staff.district), comparison=comparison.pk)
    with clock.at(clock.now() + timedelta(days=31)):
        assert tasks.prune() == {"removed": 1}


def test_lists_that_cannot_be_compared_say_why(staff: SimpleNamespace, returned: Returned) -> None:
    one = given([{"a": "1"}])
    for matching, columns in ((Matching(key=(("a", "无"),)), []), (Matching(), [])):
        with pytest.raises(InvalidInput) as refused:
            actions.compare_lists(
                Call(staff.clerk), zh="x", left=one, right=one, matching=matching, columns=columns
            )
        assert set(refused.value.fields) == {"key"}
    with pytest.raises(Forbidden):
        actions.compare_lists(
            Call(staff.worker), zh="x", left=one, right=one, matching=Matching(key=(("a", "a"),)), columns=[]
        )
