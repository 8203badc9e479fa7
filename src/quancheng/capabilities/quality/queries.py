"""Reads of quality, always from what the asker may see; rates for governance are asked by the platform itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Q, QuerySet

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.quality import deadlines, rates, trials
from quancheng.capabilities.quality.models import (
    OPEN_STATES,
    Correction,
    Issue,
    IssueStep,
    RuleVersion,
    Run,
    Sheet,
    TableProfile,
)
from quancheng.capabilities.quality.values import OrganScore, Rate
from quancheng.core import quality as core
from quancheng.core.text import Text
from quancheng.kernel import access, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound

PRODUCER = "https://github.com/quancheng/quancheng"
HISTORY = 60


def rate(organ: str, month: str) -> Rate:
    """整改率 of an organ with what is below it in a month ``YYYY-MM``, with the numbers of its issues.

    A trusted read without an asker: governance freezes it. Raises NotFound, InvalidInput.
    """
    return rates.rate(organ, month)


# -- tables -----------------------------------------------------------------------------------
def sheets(actor: Actor, *, text: str = "", organ: str = "", state: str = "") -> QuerySet[Sheet]:
    """Tables under watch the asker may see (受检表); ``state``: fault | failing | unwatched."""
    found = access.visible(actor, Sheet).select_related("organ")
    if words := text.strip():
        found = found.filter(Q(zh__icontains=words) | Q(en__icontains=words) | Q(name__icontains=words))
    if organ:
        found = found.filter(organ__in=people.subtree(organ))
    if state == "fault":
        found = found.exclude(fault={})
    elif state == "failing":
        found = found.filter(issues__state__in=OPEN_STATES).distinct()
    elif state == "unwatched":
        found = found.filter(watched=False)
    return found


def sheet(actor: Actor, table_id: Any) -> Sheet:
    """One table under watch. Raises NotFound."""
    found = access.visible(actor, Sheet).select_related("organ").filter(table_id=table_id).first()
    if found is None:
        raise NotFound(Text("没有这张受检表。", "There is no such table under watch."))
    return found


def known(table_id: Any) -> bool:
    """Whether a table has a row here, watched or not; a trusted read."""
    return Sheet.objects.filter(table_id=table_id).exists()


def scores_of(table_ids: Iterable[str]) -> list[Sheet]:
    """Rows of tables with their newest scores, for those who may see the tables' entry: a score is no content."""
    return list(Sheet.objects.filter(table_id__in=list(table_ids), checked_at__isnull=False).order_by("id"))


def rules(actor: Actor, sheet: Sheet) -> list[RuleVersion]:
    """The newest version of each rule, and the one in force where that is another, by code."""
    found: dict[tuple[str, bool], RuleVersion] = {}
    for row in access.visible(actor, RuleVersion).filter(sheet=sheet).order_by("code", "-number"):
        row.sheet = sheet
        active = row.state == RuleVersion.State.ACTIVE
        newest = not any(key[0] == row.code for key in found)
        if active or newest:
            found[(row.code, active)] = row
    return list(found.values())


def rule(actor: Actor, pk: int) -> RuleVersion:
    """One version of a rule. Raises NotFound."""
    found = access.visible(actor, RuleVersion).select_related("sheet", "sheet__organ").filter(pk=pk).first()
    if found is None:
        raise NotFound(Text("没有这条质量规则。", "There is no such rule."))
    return found


def versions(actor: Actor, rule: RuleVersion) -> QuerySet[RuleVersion]:
    """All versions of a rule, newest first."""
    found = access.visible(actor, RuleVersion).filter(sheet=rule.sheet, code=rule.code)
    return found.order_by("-number")


def waiting_rules(actor: Actor) -> QuerySet[RuleVersion]:
    """Rules that wait for a second person, oldest first."""
    found = access.visible(actor, RuleVersion).filter(state=RuleVersion.State.SUBMITTED)
    return found.select_related("sheet", "sheet__organ").order_by("created_at")


def runs(actor: Actor, sheet: Sheet, limit: int = HISTORY) -> list[Run]:
    """Runs of a table, oldest first, the newest ``limit``."""
    found = access.visible(actor, Run).filter(sheet=sheet).order_by("-at", "-id")[:limit]
    return list(found)[::-1]


def profile(actor: Actor, sheet: Sheet) -> TableProfile | None:
    """The newest profile of a table."""
    found: TableProfile | None = (
        access.visible(actor, TableProfile).filter(sheet=sheet).order_by("-id").first()
    )
    return found


def words(rule: RuleVersion) -> Text:
    """What a rule asks, in a sentence."""
    return trials.words_of(rule.sheet, core.parse_rule(rule.document))


# -- issues -----------------------------------------------------------------------------------
def issues(
    actor: Actor,
    *,
    text: str = "",
    organ: str = "",
    state: str = "",
    origin: str = "",
    dimension: str = "",
    severity: str = "",
    table: str = "",
    overdue: str = "",
    month: str = "",
) -> QuerySet[Issue]:
    """Issues the asker may see, narrowed; ``state``: one of the states, ``open`` or ``closed``; ``month``: counted in it."""
    found = access.visible(actor, Issue).select_related("sheet", "organ")
    if words := text.strip():
        found = found.filter(
            Q(number__icontains=words) | Q(sheet__zh__icontains=words) | Q(code__icontains=words)
        )
    if organ:
        found = found.filter(organ__in=people.subtree(organ))
    if state in ("open", "closed"):
        found = (
            found.filter(state__in=OPEN_STATES) if state == "open" else found.exclude(state__in=OPEN_STATES)
        )
    elif state:
        found = found.filter(state=state)
    exact = {"origin": origin, "dimension": dimension, "severity": severity, "sheet__table_id": table}
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if overdue:
        found = found.filter(state__in=OPEN_STATES, due_at__lt=clock.now())
    if month:
        counted = rates.of_issues("", month, rates.candidates(month)).due
        found = found.filter(number__in=counted[:5000])
    return found


def issue(actor: Actor, number: str) -> Issue:
    """One issue. Raises NotFound."""
    found = access.visible(actor, Issue).select_related("sheet", "organ", "rule", "follows")
    row = found.filter(number=number).first()
    if row is None:
        raise NotFound(Text(f"没有质量问题{number[:40]}。", f"There is no finding {number[:40]}."))
    return row


def steps(actor: Actor, issue: Issue) -> QuerySet[IssueStep]:
    """What happened to an issue, oldest first."""
    return access.visible(actor, IssueStep).filter(issue=issue).order_by("id")


def corrections(actor: Actor, issue: Issue) -> QuerySet[Correction]:
    """Corrections of single rows, newest first."""
    return access.visible(actor, Correction).filter(issue=issue).order_by("-id")


def my_doubts(actor: Actor) -> QuerySet[Issue]:
    """Doubts the asker has reported, newest first."""
    found = access.visible(actor, Issue).filter(origin=Issue.Origin.DOUBT, raised_by_id=actor.user_id)
    return found.select_related("sheet", "organ").order_by("-found_at")


# -- board ------------------------------------------------------------------------------------
def board(actor: Actor, month: str = "") -> list[OrganScore]:
    """看板: each organ's mean scores, open orders and rate of the month, the lowest score first.

    The score of an organ is the plain mean of its tables' scores.
    """
    month = month or deadlines.month_of(clock.now())
    seen = list(access.visible(actor, Sheet).filter(watched=True).select_related("organ"))
    by_organ: dict[int, list[Sheet]] = defaultdict(list)
    for row in seen:
        by_organ[row.organ_id].append(row)
    now = clock.now()
    counts = {
        row["organ"]: (row["open"], row["late"])
        for row in access.visible(actor, Issue)
        .filter(state__in=OPEN_STATES)
        .order_by()
        .values("organ")
        .annotate(open=Count("pk"), late=Count("pk", filter=Q(due_at__lt=now)))
    }
    months: dict[int, list[Issue]] = defaultdict(list)
    allowed = access.visible(actor, Issue).values("pk")
    for issue in rates.candidates(month).filter(pk__in=allowed):
        months[issue.organ_id].append(issue)
    lines = [
        _line(rows, counts.get(pk, (0, 0)), rates.of_issues(rows[0].organ.code, month, months.get(pk, [])))
        for pk, rows in by_organ.items()
    ]
    return sorted(lines, key=lambda line: (line.score is None, line.score or Decimal(0), line.code))


def _line(rows: list[Sheet], counted: tuple[int, int], month: Rate) -> OrganScore:
    organ = rows[0].organ
    scores = {
        str(side): mean
        for side in core.Dimension
        if (mean := _mean(Decimal(row.scores[side]) for row in rows if side in row.scores)) is not None
    }
    whole = _mean(row.score for row in rows if row.score is not None)
    return OrganScore(organ.code, organ.text, len(rows), whole, scores, counted[0], counted[1], month)


def _mean(values: Iterable[Decimal]) -> Decimal | None:
    found = list(values)
    return sum(found, Decimal(0)) / len(found) if found else None


# -- OpenLineage ------------------------------------------------------------------------------
def facets(actor: Actor, table_id: Any) -> Mapping[str, Any]:
    """OpenLineage facets ``dataQualityAssertions`` and ``dataQualityMetrics`` of a table's newest run.

    Raises NotFound when the table is not visible or was never checked.
    """
    found = sheet(actor, table_id)
    run = access.visible(actor, Run).filter(sheet=found).order_by("-at", "-id").first()
    if run is None:
        raise NotFound(Text("该表还没有检查过。", "The table was never checked."))
    facets: dict[str, Any] = {"dataQualityAssertions": core.assertions_facet(_findings(found, run), PRODUCER)}
    newest = profile(actor, found)
    if newest is not None:
        facets["dataQualityMetrics"] = core.metrics_facet(core.profile_from(newest.data), PRODUCER)
    return {
        "eventTime": run.at.isoformat(),
        "dataset": {
            "namespace": "quancheng",
            "name": f"tables/{found.table_id}",
            "version": str(run.version),
        },
        "facets": facets,
    }


def _findings(sheet: Sheet, run: Run) -> core.Findings:
    """The run's outcomes with their rules as they are in force."""
    known = {
        row.code: core.parse_rule(row.document)
        for row in RuleVersion.objects.filter(sheet=sheet, state=RuleVersion.State.ACTIVE)
    }
    outcomes = [
        core.Outcome(
            known[each["code"]], each["applicable"], each["failed"], each["groups"], each["measured"]
        )
        for each in run.outcomes
        if "fault" not in each and each["code"] in known
    ]
    return core.Findings(sheet.zh, run.rows, tuple(outcomes))


def may_decide(actor: Actor, table_id: Any) -> bool:
    """Whether the asker manages the quality of a table."""
    found = Sheet.objects.filter(table_id=table_id).first()
    return found is not None and access.allowed(actor, "manage", found)


def mean_score(organ: str, at: datetime | None = None) -> Decimal | None:
    """Mean score of an organ's tables now, a trusted read for governance."""
    found = Sheet.objects.filter(organ__in=people.subtree(organ), watched=True)
    mean = found.aggregate(mean=Avg("score"))["mean"]
    return Decimal(str(mean)) if mean is not None else None


def month_checked(month: str) -> str:
    """The month, or the running one; raises InvalidInput for what is no month."""
    if not month:
        return deadlines.month_of(clock.now())
    try:
        deadlines.bounds(month)
    except ValueError as wrong:
        raise InvalidInput(
            fields={"month": Text("月份应为2026-11的形式", "A month is written 2026-11")}
        ) from wrong
    return month
