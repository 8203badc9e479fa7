"""模拟: six weeks of data quality in Jinan: tables with faults, rules in force, orders in every state."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.quality import actions, checking, repairing
from quancheng.capabilities.quality.models import Issue, RuleVersion, Run, Sheet, TableProfile
from quancheng.capabilities.quality.simulated_tables import TABLES, Table
from quancheng.capabilities.tables import actions as table_actions
from quancheng.capabilities.tables import queries as tables
from quancheng.kernel import clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

AUTHOR, JUDGE = "马晓燕", "韩立新"


def seed(city: Any, random: Any) -> str | None:
    """Tables, rules, runs, orders; nothing when they are there already."""
    if tables.named(TABLES[0].name) is not None:
        return None
    now = clock.now()
    begin = now - timedelta(days=45)
    with clock.at(begin):
        made = [_make(table, random, begin) for table in TABLES]
    with clock.at(begin + timedelta(hours=1)):
        _check_all(made)
    with clock.at(now - timedelta(days=38)):
        _first_answers(made)
    with clock.at(now - timedelta(days=20)):
        _grow(made, random, now - timedelta(days=20))
        _check_all(made)
    with clock.at(now - timedelta(days=12)):
        _check_all(_late_answers(made))
    with clock.at(now - timedelta(days=2)):
        _second_answers()
        _drifted(made[0])
        _check_all(made[:4])
        _proposals(made[2])
    with clock.at(now - timedelta(days=1)):
        _doubt(made[2][1])
        actions.remind_overdue(Call.system("quality", simulated=True))
    return f"{len(made)} 张受检表 tables, {Issue.objects.count()} 个质量问题 findings"


# -- people -----------------------------------------------------------------------------------
def _officer(sheet: Sheet) -> Actor:
    grant = RoleGrant("quality.officer", frozenset({sheet.organ_id}))
    return Actor(ActorKind.OFFICIAL, f"{sheet.organ.zh}数据官", grants=(grant,), simulated=True)


def _bureau(name: str) -> Actor:
    return Actor(
        ActorKind.OFFICIAL, name, grants=(RoleGrant("quality.bureau", region_prefix="3701"),), simulated=True
    )


# -- tables and rules -------------------------------------------------------------------------
def _make(table: Table, random: Any, at: datetime) -> tuple[Table, Sheet]:
    call = Call.system("quality", simulated=True)
    people.department(table.owner)
    info = table_actions.create_table(
        call, name=table.name, zh=table.zh, en=table.en, schema=table.schema, owner=table.owner, simulated=True,
        key=f"quality:{table.name}",
    )  # fmt: skip
    rows = [table.row(random, number, clock.day_of(at)) for number in range(table.rows)]
    table_actions.apply_changes(call, table_id=info.table_id, upserts=rows, run=f"demo:{table.name}:1")
    sheet = actions.watch_table(call, table_id=info.table_id)
    for document in table.rules:
        _rule(sheet, document, str(document["id"]) in table.orders)
    return table, sheet


def _rule(sheet: Sheet, document: dict[str, Any], orders: bool) -> RuleVersion:
    author = Call(_bureau(AUTHOR))
    made = actions.draft_rule(author, sheet=sheet, document=document, orders=orders)
    made = actions.submit_rule(author, rule=actions.try_rule(author, rule=made))
    if orders:
        made = actions.decide_rule(Call(_bureau(JUDGE)), rule=made, approve=True, note="依据明确，同意生效")
    return made


def _check_all(made: list[tuple[Table, Sheet]]) -> None:
    call = Call.system("quality", simulated=True)
    for _, sheet in made:
        fresh = Sheet.objects.select_related("organ").get(pk=sheet.pk)
        actions.keep_run(call, sheet=fresh, checked=checking.look(fresh), trigger=Run.Trigger.CHANGE)


# -- what people did --------------------------------------------------------------------------
def _issue(sheet: Sheet, code: str) -> Issue | None:
    found = Issue.objects.filter(sheet=sheet, code=code).select_related(
        "sheet", "sheet__organ", "organ", "rule"
    )
    newest: Issue | None = found.order_by("-id").first()
    return newest


def _repair(issue: Issue, most: int, texts: dict[str, str]) -> None:
    """The officer corrects failing rows one by one."""
    call = Call(_officer(issue.sheet))
    for _ in range(most):
        page = repairing.page(issue, version=None, offset=0, unmasked=True, size=1)
        if not page.rows:
            return
        actions.correct_row(call, issue=issue, version=page.version, place=0, texts=texts)


def _first_answers(made: list[tuple[Table, Sheet]]) -> None:
    """Some orders are repaired, one is disputed and withdrawn, one accepted for a while."""
    by_name = {table.name: sheet for table, sheet in made}
    today = clock.today().isoformat()
    touched = ["civil_elder_allowance", "water_pumps"]
    _finish(by_name["civil_elder_allowance"], "granted-past", {"granted": today})
    _finish(by_name["water_pumps"], "lat-range", {"lat": "36.66"})
    disputed = _issue(by_name["hrss_insured"], "base-range")
    if disputed is not None:
        actions.dispute_issue(
            Call(_officer(disputed.sheet)), issue=disputed, reason="补缴月份按差额申报，基数低于下限属实。"
        )
        actions.judge_dispute(
            Call(_bureau(JUDGE)), issue=disputed, upheld=True, reason="情况属实，由规则编写人修订范围。"
        )
    accepted = _issue(by_name["lixia_eldercare_homes"], "tel-given")
    if accepted is not None:
        until = clock.now() + timedelta(days=120)
        actions.accept_issue(
            Call(_bureau(JUDGE)), issue=accepted, reason="部分设施尚未开通电话，随年检补录。", until=until
        )
    _check_all([each for each in made if each[0].name in touched])


def _late_answers(made: list[tuple[Table, Sheet]]) -> list[tuple[Table, Sheet]]:
    """Three organs finish this month; their tables."""
    by_name = {table.name: sheet for table, sheet in made}
    _finish(by_name["civil_subsistence"], "members-range", {"members": "3"})
    _finish(by_name["health_clinics"], "grade-known", {"grade": "未定级"})
    _finish(by_name["education_schools"], "girls-part", {"girls": "100"})
    touched = {"civil_subsistence", "health_clinics", "education_schools"}
    return [each for each in made if each[0].name in touched]


def _finish(sheet: Sheet, code: str, texts: dict[str, str]) -> None:
    """The rows of one finding are corrected, and it is reported."""
    issue = _issue(sheet, code)
    if issue is not None and issue.is_open:
        _repair(issue, 12, texts)
        actions.report_repaired(Call(_officer(issue.sheet)), issue=issue, note="已逐条核对档案更正")


def _grow(made: list[tuple[Table, Sheet]], random: Any, at: datetime) -> None:
    """New rows come in, with new faults."""
    call = Call.system("quality", simulated=True)
    for table, sheet in made[:8]:
        more = max(10, table.rows // 8)
        rows = [table.row(random, table.rows + number, clock.day_of(at)) for number in range(more)]
        table_actions.apply_changes(
            call, table_id=str(sheet.table_id), upserts=rows, run=f"demo:{table.name}:2"
        )


def _second_answers() -> None:
    """Open orders go on: taken, half repaired, reported too early, disputed."""
    open_ones = Issue.objects.filter(state=Issue.State.ORDERED, origin=Issue.Origin.RULE)
    for place, issue in enumerate(
        open_ones.select_related("sheet", "sheet__organ", "organ", "rule").order_by("pk")
    ):
        officer = Call(_officer(issue.sheet))
        if place % 5 == 1:
            actions.take_issue(officer, issue=issue)
        elif place % 5 == 2:
            actions.report_repaired(officer, issue=issue, note="已更正源系统，待下次归集。")
        elif place % 5 == 3 and place > 4:
            actions.dispute_issue(officer, issue=issue, reason="属历史证照，按原登记保留。")


def _drifted(first: tuple[Table, Sheet]) -> None:
    """A delivery without telephone numbers: the share of missing ones jumps."""
    table, sheet = first
    view = tables.view(str(sheet.table_id))
    rows = view.arrow().to_pylist()
    emptied = [row | {"phone": None} for row in rows[: len(rows) // 5]]
    call = Call.system("quality", simulated=True)
    table_actions.apply_changes(
        call, table_id=str(sheet.table_id), upserts=emptied, run=f"demo:{table.name}:3"
    )


def _proposals(made: tuple[Table, Sheet]) -> None:
    if TableProfile.objects.filter(sheet=made[1]).exists():
        actions.propose_rules(Call(_bureau(AUTHOR)), sheet=made[1])


def _doubt(sheet: Sheet) -> None:
    """Somebody who uses the register of firms doubts a value."""
    row = tables.view(str(sheet.table_id)).arrow(limit=1).to_pylist()[0]
    actions.raise_doubt(
        Call.system("quality", key=f"demo:doubt:{sheet.pk}", simulated=True), table_id=str(sheet.table_id),
        key={"uscc": row["uscc"]}, column="head", reason="与企业提交的法定代表人身份证明不一致，请核实。",
    )  # fmt: skip
