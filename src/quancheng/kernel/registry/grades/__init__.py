"""模块等级: grades every module by rules a machine can check; see ``docs/grades.md``."""

from quancheng.kernel.registry.grades.model import (
    GRADES,
    ModuleGrade,
    Outcome,
    Result,
    Rule,
    rules,
)
from quancheng.kernel.registry.grades.report import clear, grade, report

__all__ = [
    "GRADES",
    "ModuleGrade",
    "Outcome",
    "Result",
    "Rule",
    "clear",
    "grade",
    "report",
    "rules",
]
