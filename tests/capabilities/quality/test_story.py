"""From the rule to the repaired row: what officers, the bureau and the platform do, one after another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.capabilities.quality.conftest import MORNING, World, elder

from quancheng.capabilities.quality import actions, queries, repairing, tasks
from quancheng.capabilities.quality.models import Correction, Issue, IssueStep, RuleVersion, Sheet
from quancheng.kernel import clock, events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

PHONE = {"id": "phone", "kind": "complete", "column": "phone", "severity": "error"}
IDN = {"id": "idn", "kind": "checksum", "column": "idn", "scheme": "resident_id", "severity": "warning"}
BORN = {"id": "born", "kind": "consistent", "expression": "born <= today"}


def test_a_rule_that_sends_orders_is_tried_and_approved_by_another_person(world: World) -> None:
    sheet = world.sheet()
    draft = actions.draft_rule(
        Call(world.officer), sheet=sheet, document=PHONE | {"name": "手机号须填写"}, orders=True
    )
    with pytest.raises(Conflict, match=r"tried|试运行"):
        actions.submit_rule(Call(world.officer), rule=draft)
    tried = actions.try_rule(Call(world.officer), rule=draft)
    assert (tried.trial["applicable"], tried.trial["failed"], tried.trial["passed"]) == (30, 4, False)
    submitted = actions.submit_rule(Call(world.officer), rule=tried)
    assert submitted.state == RuleVersion.State.SUBMITTED
    with pytest.raises(Forbidden):
        actions.decide_rule(Call(world.officer), rule=submitted, approve=True)
    with pytest.raises(InvalidInput):
        actions.decide_rule(Call(world.bureau), rule=submitted, approve=False)
    active = actions.decide_rule(Call(world.bureau), rule=submitted, approve=True)
    assert (active.state, active.decided_by) == ("active", "bureau")
    own = actions.draft_rule(
        Call(world.bureau), sheet=sheet, document=IDN | {"name": "身份证号"}, orders=True
    )
    own = actions.submit_rule(Call(world.bureau), rule=actions.try_rule(Call(world.bureau), rule=own))
    with pytest.raises(Forbidden, match=r"author|编写人"):
        actions.decide_rule(Call(world.bureau), rule=own, approve=True)


def test_a_new_version_replaces_the_one_in_force_only_when_approved(world: World) -> None:
    sheet = world.sheet()
    first = world.rule(sheet, **PHONE)
    second = actions.draft_rule(
        Call(world.bureau),
        sheet=sheet,
        document=PHONE | {"name": "手机号", "least_share": "0.8"},
        orders=True,
    )
    assert (second.number, RuleVersion.objects.get(pk=first.pk).state) == (2, "active")
    actions.submit_rule(Call(world.bureau), rule=actions.try_rule(Call(world.bureau), rule=second))
    actions.decide_rule(Call(world.second), rule=second, approve=True)
    assert RuleVersion.objects.get(pk=first.pk).state == "replaced"
    assert world.check(sheet).passed  # 26 of 30 is more than four fifths
    assert not Issue.objects.exists()


def test_found_ordered_repaired_in_place_and_passed_by_the_next_check(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **PHONE)
    run = world.check(sheet)
    issue = world.issue(sheet, "phone")
    assert (run.rows, issue.state, issue.rows, issue.organ.code) == (30, "ordered", 4, "jn-civil")
    assert issue.due_at is not None
    assert issue.due_at.astimezone(clock.LOCAL).strftime("%m-%d %H:%M") == "06-08 23:59"  # five working days
    page = repairing.page(issue, version=None, offset=0, unmasked=True)
    assert [row.key["code"] for row in page.rows] == ["E0003", "E0007", "E0011", "E0015"]
    for number in range(4):
        now = repairing.page(issue, version=None, offset=0, unmasked=True)
        texts = {"phone": f"1390000000{number}"}
        done = actions.correct_row(
            Call(world.officer), issue=issue, version=now.version, place=0, texts=texts
        )
        assert (done.state, done.after, done.columns) == ("applied", {}, ["phone"])
    assert not repairing.page(issue, version=None, offset=0, unmasked=True).rows
    issue = actions.report_repaired(Call(world.officer), issue=world.issue(sheet, "phone"))
    assert issue.state == "checking"
    world.check(sheet)
    issue = world.issue(sheet, "phone")
    assert (issue.state, issue.left, issue.checks) == ("passed", 0, 1)
    rate = queries.rate("jn-civil", "2026-06")
    assert (rate.due, rate.repaired, rate.rate) == ((issue.number,), (issue.number,), 1)
    assert [one.what for one in IssueStep.objects.filter(issue=issue)].count("corrected") == 4


def test_what_comes_back_is_a_new_finding_that_names_the_old_one(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **BORN)
    world.check(sheet)
    first = world.issue(sheet, "born")
    world.change(sheet, elder(5))
    world.check(sheet)
    world.change(sheet, elder(6, born=elder(5)["born"].replace(year=2031)))
    world.check(sheet)
    second = world.issue(sheet, "born")
    assert (Issue.objects.get(pk=first.pk).state, second.state, second.follows_id) == (
        "passed",
        "ordered",
        first.pk,
    )


def test_a_dispute_upheld_holds_until_the_rule_changes(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **IDN)
    world.check(sheet)
    issue = world.issue(sheet, "idn")
    with pytest.raises(InvalidInput):
        actions.dispute_issue(Call(world.officer), issue=issue, reason=" ")
    actions.dispute_issue(Call(world.officer), issue=issue, reason="外国人永久居留身份证，规则不适用。")
    with pytest.raises(Forbidden):
        actions.judge_dispute(Call(world.officer), issue=issue, upheld=True, reason="属实")
    world.check(sheet)  # a routine run while it is disputed blames nobody
    assert world.issue(sheet, "idn").state == "disputed"
    actions.judge_dispute(Call(world.bureau), issue=issue, upheld=True, reason="属实")
    world.check(sheet)
    assert Issue.objects.filter(sheet=sheet).count() == 1
    world.rule(sheet, **IDN, least_share="0.99")
    world.check(sheet)
    assert Issue.objects.filter(sheet=sheet).count() == 2
    assert queries.rate("jn-civil", "2026-06").due == ()  # the second is not due yet, the first was none


def test_an_acceptance_ends_and_covers_no_more_rows_than_it_was_given_for(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **PHONE)
    world.check(sheet)
    until = MORNING + timedelta(days=30)
    actions.accept_issue(
        Call(world.bureau), issue=world.issue(sheet, "phone"), reason="历史数据", until=until
    )
    world.check(sheet)
    assert Issue.objects.count() == 1
    with clock.at(until + timedelta(seconds=1)):
        world.check(sheet)
    assert [one.state for one in Issue.objects.order_by("id")] == ["accepted", "ordered"]


def test_a_correction_of_four_eyes_waits_and_its_values_are_kept_no_longer(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **PHONE)
    world.check(sheet)
    actions.set_watch(Call(world.officer), sheet=sheet, watched=True, every_hours=24, four_eyes=True)
    issue = world.issue(sheet, "phone")
    waiting = actions.correct_row(
        Call(world.officer), issue=issue, version=1, place=0, texts={"phone": "13912345678"}
    )
    assert (waiting.state, waiting.after) == ("waiting", {"phone": "13912345678"})
    with pytest.raises(Forbidden):
        actions.decide_correction(Call(world.officer), correction=waiting, approve=True)
    with pytest.raises(Forbidden):
        actions.decide_correction(Call(world.stranger), correction=waiting, approve=True)
    done = actions.decide_correction(Call(world.colleague), correction=waiting, approve=True)
    assert (done.state, done.after, done.applied_version) == ("applied", {}, 2)
    with pytest.raises(Conflict):
        actions.decide_correction(Call(world.colleague), correction=waiting, approve=True)
    assert Correction.objects.filter(state="waiting").count() == 0


def test_a_row_changed_meanwhile_is_not_overwritten(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **PHONE)
    world.check(sheet)
    issue = world.issue(sheet, "phone")
    world.change(sheet, elder(3, phone=None, district="天桥区"))
    with pytest.raises(Conflict, match=r"changed|更新"):
        actions.correct_row(
            Call(world.officer), issue=issue, version=1, place=0, texts={"phone": "13912345678"}
        )
    done = actions.correct_row(
        Call(world.officer), issue=issue, version=1, place=1, texts={"phone": "13912345678"}
    )
    assert done.key == {"code": "E0007"}  # another row's change disturbs nobody


def test_wrong_entries_are_named_at_their_cells(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **PHONE)
    world.check(sheet)
    issue = world.issue(sheet, "phone")
    wrong = {"phone": "12345", "amount": "许多", "born": "昨天", "name": ""}
    with pytest.raises(InvalidInput) as caught:
        actions.correct_row(Call(world.officer), issue=issue, version=1, place=0, texts=wrong)
    assert set(caught.value.fields) == {"phone", "amount", "born", "name"}
    with pytest.raises(InvalidInput):
        actions.correct_row(Call(world.officer), issue=issue, version=1, place=0, texts={"phone": ""})
    with pytest.raises(NotFound):
        actions.correct_row(Call(world.officer), issue=issue, version=1, place=40, texts={})
    assert Sheet.objects.get(pk=sheet.pk).version == 1 and not Correction.objects.exists()


def test_the_watch_checks_what_changed_and_what_is_due(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **PHONE)
    events.drain(strict=True)
    assert [pk for pk, _, _ in tasks.due(MORNING + timedelta(seconds=30))] == [sheet.pk]
    found = tasks.check(None, sheet=sheet.pk)
    assert (found["version"], found["rows"]) == (1, 30)
    assert not tasks.due(clock.now() + timedelta(minutes=5))
    ((pk, trigger, _),) = tasks.due(clock.now() + timedelta(hours=25))
    assert (pk, trigger) == (sheet.pk, "routine")
    world.change(sheet, elder(3))
    world.change(sheet, elder(7))
    events.drain(strict=True)
    ((pk, trigger, _),) = tasks.due(clock.now() + timedelta(minutes=1))
    assert (pk, trigger) == (sheet.pk, "change")


def test_a_table_that_cannot_be_read_says_so(world: World) -> None:
    sheet = world.sheet()
    from quancheng.capabilities.tables import actions as table_actions

    table_actions.drop_table(Call.system("tests"), table_id=str(sheet.table_id), reason="合并")
    assert "fault" in tasks.check(None, sheet=sheet.pk)
    assert Sheet.objects.get(pk=sheet.pk).fault["zh"]


def test_overdue_orders_go_to_the_organ_and_then_to_the_bureau(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **PHONE)
    world.check(sheet)
    with clock.at(MORNING + timedelta(days=8)):
        assert actions.remind_overdue(Call.system("quality")) == {"organ": 1, "bureau": 0}
        assert actions.remind_overdue(Call.system("quality")) == {"organ": 0, "bureau": 0}
        assert queries.issues(world.officer, overdue="yes").count() == 1
    with clock.at(MORNING + timedelta(days=14)):
        assert actions.remind_overdue(Call.system("quality")) == {"organ": 0, "bureau": 1}
        rate = queries.rate("jn", "2026-06")
        assert (len(rate.due), rate.repaired, rate.overdue) == (1, (), rate.due)


def test_a_retired_rule_takes_its_issue_with_it_and_only_the_bureau_may(world: World) -> None:
    sheet = world.sheet()
    rule = world.rule(sheet, **PHONE)
    world.check(sheet)
    with pytest.raises(Forbidden):
        actions.retire_rule(Call(world.officer), rule=rule, reason="不想要了")
    actions.retire_rule(Call(world.bureau), rule=rule, reason="改由另一规则检查")
    assert world.issue(sheet, "phone").state == "withdrawn"
    assert world.check(sheet).outcomes == []


def test_a_column_that_is_gone_is_a_fault_of_its_rule_and_the_others_run(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **PHONE)
    gone = world.rule(sheet, orders=False, **BORN)
    document = gone.document | {"expression": "birthday <= today"}
    from quancheng.kernel.models import writing

    with writing("tests"):
        RuleVersion.objects.filter(pk=gone.pk).update(document=document)
    run = world.check(sheet)
    by_code = {each["code"]: each for each in run.outcomes}
    assert "birthday" in by_code["born"]["fault"]["zh"]
    assert by_code["phone"]["failed"] == 4


def test_proposals_are_taken_or_left_by_a_person(world: World) -> None:
    sheet = world.sheet()
    world.check(sheet)
    made = actions.propose_rules(Call(world.officer), sheet=sheet)
    codes = set(RuleVersion.objects.filter(sheet=sheet).values_list("code", flat=True))
    assert (
        made == len(codes) and {"complete-name", "checksum-idn", "format-phone", "consistent-born"} <= codes
    )
    assert actions.propose_rules(Call(world.officer), sheet=sheet) == 0
    born = RuleVersion.objects.get(sheet=sheet, code="consistent-born")
    actions.refuse_proposal(
        Call(world.officer), rule=RuleVersion.objects.get(sheet=sheet, code="complete-name")
    )
    taken = actions.accept_proposal(Call(world.officer), rule=born, orders=False)
    tried = actions.try_rule(Call(world.officer), rule=taken)
    assert tried.trial["failed"] == 1
    assert actions.submit_rule(Call(world.officer), rule=tried).state == "active"
    with pytest.raises(Conflict):
        actions.accept_proposal(Call(world.officer), rule=born, orders=True)
    assert not Issue.objects.exists()
    world.check(sheet)
    assert not Issue.objects.exists()  # it sends no orders


def test_drift_against_the_baseline_waits_for_the_bureau(world: World) -> None:
    sheet = world.sheet([elder(number) for number in range(40)])
    world.check(sheet)
    for number in range(20):
        world.change(sheet, elder(number, phone=None), run=f"r{number}")
    world.check(sheet)
    drift = Issue.objects.get(sheet=sheet, code="missing:phone")
    assert (drift.origin, drift.state, drift.ordered) == ("drift", "found", False)
    profile = queries.profile(world.bureau, sheet)
    assert profile is not None and profile.drifts[0]["kind"] == "missing"
    with pytest.raises(Forbidden):
        actions.accept_profile(Call(world.officer), profile=profile)
    actions.accept_profile(Call(world.bureau), profile=profile)
    assert not Issue.objects.filter(sheet=sheet, state="found").exists()
    world.check(sheet)
    assert not Issue.objects.filter(sheet=sheet, state="found").exists()


def test_the_same_change_twice_is_one(world: World) -> None:
    sheet = world.sheet()
    world.rule(sheet, **PHONE)
    world.check(sheet)
    issue = world.issue(sheet, "phone")
    for _ in range(2):
        actions.correct_row(
            Call(world.officer, key="once"), issue=issue, version=1, place=0, texts={"phone": "13912345678"}
        )
    assert Correction.objects.count() == 1
