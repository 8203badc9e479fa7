"""Runs 检查: what a check found is kept, issues follow from it, profiles are accepted as baselines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from quancheng.capabilities.quality import checking, issues
from quancheng.capabilities.quality.actions.issues import send_order
from quancheng.capabilities.quality.models import OPEN_STATES, Issue, RuleVersion, Run, Sheet, TableProfile
from quancheng.capabilities.quality.values import Checked
from quancheng.core import quality as core
from quancheng.core.quality import Dimension, Follow, Outcome, Severity, profile_to_data
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Unavailable


def _checked_now(call: Call, *, sheet: Sheet) -> Checked | None:
    if not access.allowed(call.actor, "check", sheet):
        return None
    return checking.look(sheet)


@action("quality.check_table", idempotent=False, prepare=_checked_now)
def check_table(call: Call, *, sheet: Sheet, prepared: Checked | None = None) -> Run:
    """立即检查: runs the rules in force over the newest version. Raises Forbidden, NotFound."""
    access.require(call.actor, "check", sheet)
    if prepared is None:
        raise Unavailable()
    return _keep(call, sheet, prepared, Run.Trigger.PERSON)


@action("quality.keep_run", idempotent=False)
def keep_run(call: Call, *, sheet: Sheet, checked: Checked, trigger: str) -> Run:
    """留存检查结果 of a job; opens, re-checks and closes issues."""
    access.require(call.actor, "keep", sheet)
    return _keep(call, sheet, checked, trigger)


@action("quality.keep_fault", idempotent=False)
def keep_fault(call: Call, *, sheet: Sheet, text: Text) -> Sheet:
    """检查未完成: the table could not be checked, and why; it is tried again at its next time."""
    access.require(call.actor, "keep", sheet)
    sheet.fault, sheet.dirty_at = text.to_dict(), None
    sheet.next_at = call.at + timedelta(hours=sheet.every_hours)
    sheet.save(update_fields=["fault", "dirty_at", "next_at"])
    audit.note(table=str(sheet.table_id), fault=text.zh)
    return sheet


def _keep(call: Call, sheet: Sheet, checked: Checked, trigger: str) -> Run:
    sheet = Sheet.objects.select_for_update(of=("self",)).select_related("organ").get(pk=sheet.pk)
    findings = checked.findings
    scores = {str(side): str(_rounded(score)) for side, score in findings.by_dimension().items()}
    run: Run = Run.objects.create(
        sheet=sheet, at=checked.at, trigger=trigger, version=checked.version, rows=findings.rows,
        passed=findings.passed, score=_rounded(findings.score()), scores=scores,
        outcomes=[*map(_outcome_data, findings.outcomes), *_fault_data(checked)], took_ms=checked.took_ms,
    )  # fmt: skip
    if checked.version >= sheet.version:
        _stand(sheet, run, checked)
        _follow_rules(call, sheet, checked)
        _follow_doubts(call, checked)
        if checked.profile is not None:
            _follow_profile(call, sheet, checked)
    audit.note(table=str(sheet.table_id), version=run.version, rows=run.rows, score=str(run.score))
    data = {
        "table": str(sheet.table_id), "version": run.version, "score": str(run.score), "passed": run.passed,
        "organ": sheet.organ.code, "failed": sum(1 for each in findings.outcomes if not each.passed),
    }  # fmt: skip
    events.emit("quality.table.checked", str(sheet.table_id), data)
    return run


def _rounded(score: Decimal | None) -> Decimal | None:
    return None if score is None else score.quantize(Decimal("0.0001"))


def _outcome_data(each: Outcome) -> dict[str, Any]:
    return {
        "code": each.rule.id, "applicable": each.applicable, "failed": each.failed, "passed": each.passed,
        "groups": each.groups, "measured": each.measured,
    }  # fmt: skip


def _fault_data(checked: Checked) -> list[dict[str, Any]]:
    return [{"code": code, "fault": text.to_dict()} for code, text in checked.faults.items()]


def _stand(sheet: Sheet, run: Run, checked: Checked) -> None:
    """How the table stands now. A change that came while we looked waits for the next look."""
    sheet.version, sheet.checked_at, sheet.rows = run.version, run.at, run.rows
    sheet.score, sheet.scores, sheet.fault = run.score, run.scores, {}
    sheet.next_at = run.at + timedelta(hours=sheet.every_hours) if sheet.watched else None
    if sheet.dirty_at is not None and sheet.dirty_at <= checked.at:
        sheet.dirty_at = None
    sheet.save()


# -- what follows -----------------------------------------------------------------------------
def _last(sheet: Sheet, origin: str, code: str) -> Issue | None:
    rows = Issue.objects.filter(sheet=sheet, origin=origin, code=code).select_related(
        "sheet", "organ", "rule"
    )
    found: Issue | None = rows.order_by("-id").first()
    return found


def _follow_rules(call: Call, sheet: Sheet, checked: Checked) -> None:
    versions = {
        each.code: each
        for each in RuleVersion.objects.filter(pk__in=list(checked.versions.values()), orders=True)
    }
    for outcome in checked.findings.outcomes:
        version = versions.get(outcome.rule.id)
        if version is None:
            continue
        last = _last(sheet, Issue.Origin.RULE, version.code)
        same = last is not None and last.rule_id == version.pk
        past = issues.core_of(last) if last is not None else None
        then = core.follow(past, call.at, failed=outcome.failed, passed=outcome.passed, same_rule=same)
        if then is Follow.RECHECK and last is not None:
            if not same and last.is_open:
                last.rule = version
            issues.move(call, last, core.Recheck(call.at, outcome.failed, outcome.passed))
        elif then is Follow.OPEN:
            row = issues.open_issue(
                call, sheet, origin=Issue.Origin.RULE, code=version.code, title=version.text, rows=outcome.failed,
                severity=version.severity, dimension=version.dimension, rule=version, follows=last,
            )  # fmt: skip
            send_order(call, row)


def _follow_doubts(call: Call, checked: Checked) -> None:
    for pk, settled in checked.doubts.items():
        row = Issue.objects.select_related("sheet", "organ").get(pk=pk)
        if row.is_open:
            issues.move(call, row, core.Recheck(call.at, int(not settled), settled))


def limits_of() -> core.DriftLimits:
    """Thresholds of drift in force today (漂移阈值)."""
    rows, missing, psi = (
        float(str(rulebook.find(f"quality.drift_{name}").value)) for name in ("rows", "missing", "psi")
    )
    return core.DriftLimits(rows=rows, missing=missing, psi=psi)


def _follow_profile(call: Call, sheet: Sheet, checked: Checked) -> None:
    """Keep the profile; what drifted beyond the limits becomes an issue that the bureau looks at first."""
    assert checked.profile is not None
    before = TableProfile.objects.filter(sheet=sheet, baseline=True).first()
    found: tuple[core.Drift, ...] = ()
    if before is not None:
        found = core.drift(core.profile_from(before.data), checked.profile, limits_of())
    TableProfile.objects.create(
        sheet=sheet, version=checked.version, at=checked.at, data=profile_to_data(checked.profile),
        drifts=[_drift_data(each) for each in found], baseline=before is None,
        accepted_at=call.at if before is None else None, accepted_by="system:quality" if before is None else "",
    )  # fmt: skip
    _follow_drifts(call, sheet, {f"{each.kind}:{each.column}": each for each in found if each.exceeds})


def _drift_data(each: core.Drift) -> dict[str, Any]:
    measure = each.measure if abs(each.measure) < 1e9 else 1e9
    return {
        "kind": str(each.kind), "column": each.column, "measure": round(measure, 6), "exceeds": each.exceeds,
        "text": each.text.to_dict(),
    }  # fmt: skip


def _follow_drifts(call: Call, sheet: Sheet, exceeding: Mapping[str, core.Drift]) -> None:
    open_ones = {
        each.code: each
        for each in Issue.objects.filter(
            sheet=sheet, origin=Issue.Origin.DRIFT, state__in=OPEN_STATES
        ).select_related("sheet", "organ")
    }
    for code, row in open_ones.items():
        gone = code not in exceeding
        issues.move(call, row, core.Recheck(call.at, int(not gone), gone))
    for code, each in exceeding.items():
        last = None if code in open_ones else _last(sheet, Issue.Origin.DRIFT, code)
        past = issues.core_of(last) if last is not None else None
        if (
            code in open_ones
            or core.follow(past, call.at, failed=1, passed=False, same_rule=True) is Follow.NOTHING
        ):
            continue
        issues.open_issue(
            call, sheet, origin=Issue.Origin.DRIFT, code=code, title=each.text, rows=1,
            severity=str(Severity.WARNING), dimension=str(Dimension.CONSISTENT), follows=last,
        )  # fmt: skip


@action("quality.accept_profile", idempotent=False)
def accept_profile(call: Call, *, profile: TableProfile) -> TableProfile:
    """认定基线: from now on drift is measured against this profile; drift issues end. Raises Forbidden, Conflict."""
    access.require(call.actor, "accept", profile)
    sheet = Sheet.objects.select_for_update(of=("self",)).get(pk=profile.sheet_id)
    newest = TableProfile.objects.filter(sheet=sheet).order_by("-id").values_list("pk", flat=True).first()
    if newest != profile.pk:
        raise Conflict(
            Text("已有更新的概况，请刷新后再认定。", "There is a newer profile; look at that one first.")
        )
    TableProfile.objects.filter(sheet=sheet, baseline=True).update(baseline=False)
    profile.baseline, profile.drifts = True, []
    profile.accepted_by, profile.accepted_at = str(call.actor)[:120], call.at
    profile.save()
    _follow_drifts(call, sheet, {})
    audit.note(table=str(sheet.table_id), version=profile.version)
    return profile


@action("quality.prune", idempotent=False)
def prune_runs(call: Call) -> dict[str, int]:
    """清理: runs and profiles that are older than they are kept, except the newest and the baselines."""
    access.require(call.actor, "keep", Sheet)
    oldest = call.at - timedelta(days=rulebook.find("quality.keep_days").integer())
    runs, _ = Run.objects.filter(at__lt=oldest).delete()
    profiles, _ = TableProfile.objects.filter(at__lt=oldest, baseline=False).delete()
    audit.note(runs=runs, profiles=profiles)
    return {"runs": runs, "profiles": profiles}
