"""等级报告: applies every rule to every module."""

from __future__ import annotations

import threading

from quancheng.core.text import Text
from quancheng.kernel.registry import load
from quancheng.kernel.registry.grades.faults import faults
from quancheng.kernel.registry.grades.model import (
    GRADES,
    ModuleGrade,
    Outcome,
    Result,
    Rule,
    rules,
)
from quancheng.kernel.registry.grades.subject import Subject

_checking = threading.RLock()
_cache: tuple[tuple[load.Module, ...], list[ModuleGrade]] | None = None


def report() -> list[ModuleGrade]:
    """Every module with its grade, in module order; computed once for a set of modules.

    Needs Django to be set up. Tests and documentation are looked for in the source tree; from an
    installed wheel the rules about them come out as missing.
    """
    global _cache
    with _checking:  # seconds of work: two who ask at once wait for one answer
        modules = load.modules()
        if _cache is None or _cache[0] is not modules:
            _cache = (modules, [grade(one) for one in modules])
        return _cache[1]


def clear() -> None:
    """Forget the report; the next question checks again."""
    global _cache
    _cache = None


def grade(module: load.Module) -> ModuleGrade:
    """Check one module against all rules."""
    subject = Subject(module)
    found = faults(subject)
    results = tuple(_result(rule, subject) for rule in rules())
    manifest = module.manifest
    return ModuleGrade(
        module=module.name,
        id=manifest.id,
        text=module.text,
        floor=module.floor,
        lead=manifest.lead,
        claims=manifest.grade.claims,
        reached=_reached(results),
        results=results,
        faults=tuple(found),
    )


def _result(rule: Rule, subject: Subject) -> Result:
    reasons = {one.rule: one.reason for one in subject.manifest.grade.exempt}
    try:
        todo = rule.check(subject)
    except Exception as error:  # a broken room is a finding, not the end of the report
        todo = [Text(f"无法核对:{error!r}", f"It cannot be checked: {error!r}")]
    if not todo:
        return Result(rule, Outcome.DONE)
    if rule.id in reasons:
        return Result(rule, Outcome.EXEMPT, tuple(todo), reasons[rule.id])
    return Result(rule, Outcome.MISSING, tuple(todo))


def _reached(results: tuple[Result, ...]) -> str:
    reached = "none"
    for grade_name in GRADES:
        of_grade = [result for result in results if result.rule.grade == grade_name]
        if any(result.outcome is Outcome.MISSING for result in of_grade):
            return reached
        reached = grade_name
    return reached
