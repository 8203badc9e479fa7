"""规则与结果: what a rule is and what checking it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from quancheng.core.text import Text

if TYPE_CHECKING:
    from quancheng.kernel.registry.grades.subject import Subject

GRADES = ("bronze", "silver", "gold", "platinum")
GRADE_NAMES = {
    "none": Text("未达标", "none"),
    "bronze": Text("铜级", "bronze"),
    "silver": Text("银级", "silver"),
    "gold": Text("金级", "gold"),
    "platinum": Text("白金级", "platinum"),
}


class Outcome(StrEnum):
    """Done, missing, or exempt with a reason."""

    DONE = "done"
    MISSING = "missing"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a grade (等级规则); ``check`` returns what is to be done, nothing when done."""

    id: str
    text: Text
    check: Callable[[Subject], list[Text]]

    @property
    def grade(self) -> str:
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Result:
    """What checking one rule found (核对结果)."""

    rule: Rule
    outcome: Outcome
    todo: tuple[Text, ...] = ()
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "rule": self.rule.id,
            "text": self.rule.text.to_dict(),
            "outcome": self.outcome.value,
            "todo": [text.to_dict() for text in self.todo],
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class ModuleGrade:
    """How one module stands (模块等级). ``faults`` must be mended whatever the grade."""

    module: str
    id: str
    text: Text
    floor: str
    lead: str
    claims: str
    reached: str
    results: tuple[Result, ...]
    faults: tuple[Text, ...]

    @property
    def keeps_claim(self) -> bool:
        """True when nothing is at fault and the grade claimed is reached."""
        order = ("none", *GRADES)
        return not self.faults and order.index(self.reached) >= order.index(self.claims)

    @property
    def reached_text(self) -> Text:
        return GRADE_NAMES[self.reached]

    @property
    def claims_text(self) -> Text:
        return GRADE_NAMES[self.claims]

    def count(self, outcome: str) -> int:
        """How many rules came out so; for templates and summaries."""
        return sum(result.outcome == outcome for result in self.results)

    @property
    def done(self) -> int:
        return self.count("done")

    @property
    def exempt(self) -> int:
        return self.count("exempt")

    @property
    def missing(self) -> int:
        return self.count("missing")

    def to_dict(self) -> dict[str, Any]:
        return {
            "module": self.module,
            "id": self.id,
            "name": self.text.to_dict(),
            "floor": self.floor,
            "lead": self.lead,
            "claims": self.claims,
            "reached": self.reached,
            "keeps_claim": self.keeps_claim,
            "faults": [text.to_dict() for text in self.faults],
            "rules": [result.to_dict() for result in self.results],
        }


_rules: dict[str, Rule] = {}
Check = Callable[["Subject"], list[Text]]


def rule(id: str, zh: str, en: str) -> Callable[[Check], Check]:
    """Register a check as a rule of the grade its id begins with."""

    def register(check: Check) -> Check:
        _rules[id] = Rule(id, Text(zh, en), check)
        return check

    return register


def rules() -> tuple[Rule, ...]:
    """All rules, bronze first."""
    from quancheng.kernel.registry.grades import bronze, labels, silver, upper  # noqa: F401

    return tuple(sorted(_rules.values(), key=lambda one: GRADES.index(one.grade)))
