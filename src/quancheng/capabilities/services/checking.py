"""审查要点: facts, findings and the running of checks; the checks themselves are in ``checks.py``.

A check gets the facts and the options written in the matter's file and gives findings. It never
decides: an official does. A check that lacks a fact says so and leaves the judgement to a person;
it never passes in silence. Thresholds come from dated parameters through ``Facts.parameter``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from quancheng.capabilities.services.spec import Condition, MatterSpec
from quancheng.core.rules import Finding as Parameter
from quancheng.core.rules import RuleError
from quancheng.core.text import Text

__all__ = [
    "CHECKS", "Facts", "FileFact", "Finding", "Outcome", "Subject", "check", "finding", "run_checks", "worst",
]  # fmt: skip


class Outcome(StrEnum):
    """What a check says (检查结论)."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    PERSON = "person-decides"

    @property
    def text(self) -> Text:
        return _OUTCOMES[self]


_OUTCOMES = {
    Outcome.PASS: Text("符合", "met"),
    Outcome.FAIL: Text("不符合", "not met"),
    Outcome.PERSON: Text("需人工判断", "for a person to judge"),
}


@dataclass(frozen=True, slots=True)
class FileFact:
    """An uploaded picture as it was decoded (上传文件)."""

    digest: str
    media_type: str
    size: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the application is for, as the registers know them (申请主体)."""

    kind: str = "person"
    name: str = ""
    resident_id: str = ""
    birth_date: date | None = None
    residence: str = ""
    """Region code of residence by register (居住地)."""
    household: str = ""
    """Region code of household registration (户籍地)."""
    unified_code: str = ""
    alive: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a check may look at; built once, then no database is touched."""

    on: date
    region: str
    subject: Subject
    parameter: Callable[[str], Parameter]
    licences: frozenset[str] = frozenset()
    """Types of valid licences the subject holds."""
    open_receipts: tuple[str, ...] = ()
    """Receipts of the subject's other open cases of this matter."""
    form: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, FileFact] = field(default_factory=dict)
    licence_type: str = ""
    tables: str = ""
    """The matter's decision tables as DMN XML."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: outcome, reason, rule and evidence (审查结论)."""

    condition: str
    outcome: Outcome
    reason: Text
    citation: Text
    rule: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    simulated: bool = False


Check = Callable[[Condition, Facts], Finding]
CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Register a check under the name matters use."""

    def register(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return register


def run_checks(spec: MatterSpec, facts: Facts, *, early_only: bool = False) -> list[Finding]:
    """All findings of a matter, in its order; a parameter that is missing is left to a person."""
    return [_run(condition, facts) for condition in spec.condition if condition.early or not early_only]


def worst(findings: Iterable[Finding]) -> Outcome:
    """The overall outcome: one failure fails all, then whatever a person must judge."""
    outcomes = {one.outcome for one in findings}
    for outcome in (Outcome.FAIL, Outcome.PERSON):
        if outcome in outcomes:
            return outcome
    return Outcome.PASS


def _run(condition: Condition, facts: Facts) -> Finding:
    function = CHECKS.get(condition.check)
    if function is None:
        return finding(
            condition,
            Outcome.PERSON,
            "系统没有这项自动检查，请人工核对。",
            "The system has no such check; please verify by hand.",
        )
    try:
        return function(condition, facts)
    except RuleError as missing:
        return finding(
            condition,
            Outcome.PERSON,
            f"依据的参数无法确定:{missing.text.zh}",
            f"The parameter it rests on cannot be determined: {missing.text.en}",
        )


def finding(
    condition: Condition,
    outcome: Outcome,
    zh: str,
    en: str,
    *,
    parameter: Parameter | None = None,
    **evidence: Any,
) -> Finding:
    citation = condition.basis.text
    if parameter is not None:
        rule = parameter.rule
        citation = Text(rule.citation, condition.basis.en)
        evidence = {
            **evidence,
            "parameter": rule.id,
            "value": parameter.value,
            "on": parameter.on.isoformat(),
        }
    return Finding(
        condition.id,
        outcome,
        Text(zh, en),
        citation,
        rule=parameter.rule.id if parameter else "",
        evidence=evidence,
        simulated=parameter.simulated if parameter else False,
    )
