"""What the linter says of a model (模型检查结果)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from quancheng.core.text import Text

__all__ = ["Problem", "ProblemKind", "Severity"]


class Severity(Enum):
    """An error must be mended before publication; a warning needs a look."""

    ERROR = "error"
    WARNING = "warning"


class ProblemKind(Enum):
    """What sort of problem it is."""

    CYCLE = "cycle"
    MISSING = "missing"
    NAME = "name"
    TYPE = "type"
    EXPRESSION = "expression"
    TABLE = "table"
    OVERLAP = "overlap"
    GAP = "gap"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: the element it is in, what it is in both languages.

    ``example`` are input values by column that show an overlap or gap; ``rules`` the numbers of the rules
    concerned, from 1.
    """

    element: str
    text: Text
    kind: ProblemKind = ProblemKind.EXPRESSION
    severity: Severity = Severity.ERROR
    example: Mapping[str, object] = field(default_factory=dict)
    rules: tuple[int, ...] = ()
