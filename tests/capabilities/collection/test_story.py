"""From file to table: planned before applied, held when something changed, every refused row accounted for."""

from __future__ import annotations

import pytest
from tests.capabilities.collection.conftest import HEAD, csv_of, row

from quancheng.capabilities.collection import actions, engine, queries
from quancheng.capabilities.collection.models import Feed, LineageEdge, LineageEvent, RefusedRow
from quancheng.capabilities.tables import queries as tables
from quancheng.kernel.errors import Conflict, InvalidInput


def rows_of(feed: Feed) -> dict[str, dict]:
    found = {}
    for batch in tables.view(str(feed.table_id)).batches():
        found |= {one["编号"]: one for one in batch.to_pylist()}
    return found


def test_first_file_then_changes_then_the_same_again(feed, deliver) -> None:
    first = deliver(csv_of(*[row(n) for n in range(20)]))
    assert first.state == "done", first.failure
    assert (first.counts["rows_in"], first.counts["rows_out"], first.counts["inserted"]) == (20, 20, 20)
    changed = [row(n, money="99.9") if n == 3 else row(n) for n in range(1, 21)]
    second = deliver(csv_of(*changed))
    assert second.state == "done"
    figures = {name: second.counts[name] for name in ("inserted", "updated", "deleted", "unchanged")}
    assert figures == {"inserted": 1, "updated": 1, "deleted": 1, "unchanged": 18}
    assert second.plan["examples"]["updated"][0]["changes"] == {"补贴": ["120.5", "99.9"]}
    assert second.plan["examples"]["inserted"][0]["row"]["姓名"] == "***"
    again = deliver(csv_of(*changed) + b"\n")  # other bytes, the same rows
    assert again.state == "unchanged" and again.counts["unchanged"] == 20
    assert len(rows_of(feed)) == 20 and "E00000" not in rows_of(feed)
    assert feed.refresh().last_success_at is not None and feed.lateness == "fresh"


def test_refused_rows_have_place_reason_and_masked_text(feed, deliver) -> None:
    rows = [row(n) for n in range(40)]
    rows[4] = row(4, day="2026-02-30")
    rows[9] = row(9, id="3701021950")
    run = deliver(csv_of(*rows))
    assert run.state == "done"  # two of forty is not more than five per cent
    assert run.counts["rows_in"] == 40 == run.counts["rows_out"] + run.counts["refused"]
    kept = list(RefusedRow.objects.filter(run=run).order_by("number"))
    assert [(one.line, one.reason, one.column) for one in kept] == [
        (6, "not_date", "登记日期"),
        (11, "not_resident_id", "身份证号"),
    ]
    assert kept[0].cells[3] == "2026-02-30" and kept[0].cells[1] == "**"
    assert kept[1].problems[0][2] == "3********0"


def test_too_many_refusals_hold_until_a_person_accepts(feed, deliver, officer) -> None:
    rows = [row(n, money="很多") if n % 5 == 0 else row(n) for n in range(20)]
    run = deliver(csv_of(*rows))
    assert run.state == "held" and not rows_of(feed)
    assert [hold["kind"] for hold in run.holds] == ["refusals"]
    with pytest.raises(InvalidInput):
        actions.decide(officer, run_id=str(run.pk), verdict="accept", reason=" ")
    actions.decide(officer, run_id=str(run.pk), verdict="accept", reason="来源已知晓，先入库", stage=0)
    engine.work(str(run.pk))
    run.refresh()
    assert run.state == "done" and run.counts["inserted"] == 16
    with pytest.raises(Conflict):
        actions.decide(officer, run_id=str(run.pk), verdict="reject", reason="晚了一步")


def test_a_renamed_column_is_guessed_and_mapped(feed, deliver, officer) -> None:
    deliver(csv_of(*[row(n) for n in range(10)]))
    run = deliver(csv_of(*[row(n) for n in range(11)], head=HEAD.replace("登记日期", "登记时间")))
    assert run.state == "held"
    assert [(hold["kind"], hold["subject"], hold["guess"]) for hold in run.holds] == [
        ("column_renamed", "登记日期", "登记时间")
    ]
    actions.decide(
        officer, run_id=str(run.pk), verdict="map", reason="来源系统升级", renamed={"登记日期": "登记时间"}
    )
    engine.work(str(run.pk))
    assert run.refresh().state == "done" and run.counts["updated"] == 0 and run.counts["inserted"] == 1
    assert feed.refresh().layout["columns"]["登记时间"] == "登记日期"


def test_a_new_column_joins_the_table_or_is_left_out(feed, deliver, officer) -> None:
    deliver(csv_of(*[row(n) for n in range(10)]))
    wide = csv_of(*[row(n) + f",{n}" for n in range(10)], head=HEAD + ",年限")
    run = deliver(wide)
    assert [hold["kind"] for hold in run.holds] == ["column_added"]
    actions.decide(officer, run_id=str(run.pk), verdict="extend", reason="有用", extended=["年限"])
    engine.work(str(run.pk))
    assert run.refresh().state == "done", run.holds
    assert rows_of(feed)["E00007"]["年限"] == 7
    more = deliver(csv_of(*[row(n) + f",{n},x" for n in range(10)], head=HEAD + ",年限,备用"))
    actions.decide(officer, run_id=str(more.pk), verdict="accept", reason="不需要")
    engine.work(str(more.pk))
    assert more.refresh().state == "unchanged" and feed.refresh().layout["ignored"] == ["备用"]


def test_a_missing_key_column_cannot_be_accepted(feed, deliver, officer) -> None:
    run = deliver(csv_of("张三,370102195001010001,2026-07-18,1", head="姓名,身份证号,登记日期,补贴"))
    assert run.state == "held" and run.holds[0]["kind"] == "column_missing"
    with pytest.raises(Conflict):
        actions.decide(officer, run_id=str(run.pk), verdict="accept", reason="试试")
    actions.decide(officer, run_id=str(run.pk), verdict="reject", reason="缺主键，请补")
    assert run.refresh().state == "rejected" and not rows_of(feed)


def test_many_deletions_hold_and_a_supplement_deletes_nothing(feed, deliver, officer) -> None:
    deliver(csv_of(*[row(n) for n in range(50)]))
    run = deliver(csv_of(*[row(n) for n in range(30)]))
    assert run.state == "held" and run.holds[0]["code"] == "deletions::20"
    actions.decide(officer, run_id=str(run.pk), verdict="reject", reason="文件不全")
    fix = deliver(csv_of(row(50), row(51)), supplement=True)
    assert fix.state == "done" and fix.counts["inserted"] == 2 and fix.counts["deleted"] == 0
    assert len(rows_of(feed)) == 52
    assert deliver(b"\n".join([HEAD.encode(), b""]) + b"x").state in ("failed", "held")
    assert len(rows_of(feed)) == 52


def test_doubled_keys_follow_the_rule(feed, deliver, officer) -> None:
    run = deliver(csv_of(*[row(n) for n in range(60)], row(5, money="1"), row(6)))
    assert run.state == "held" or run.counts["refused"] == 4
    assert run.plan["reasons"] == {"key_doubled": 4}


def test_every_run_is_on_record_as_lineage(feed, deliver) -> None:
    run = deliver(csv_of(row(1)))
    kinds = list(LineageEvent.objects.filter(run_id=run.pk).order_by("id").values_list("kind", flat=True))
    assert kinds == ["START", "COMPLETE"]
    edge = LineageEdge.objects.get(run_id=run.pk)
    assert edge.source == "file|jn-civil/elders.csv" and edge.columns["姓名"] == ["姓名"]
    assert queries.lineage(str(feed.table_id))["up"][0]["name"] == edge.source
