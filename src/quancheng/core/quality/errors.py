"""What can be wrong with rules, tables and findings; every error says where, in two languages."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["LifeCycleError", "QualityError", "Reason"]


class Reason(StrEnum):
    """Machine reason (原因) of a ``QualityError``."""

    FORM = "FORM"
    """Not the form of a rule: a key is missing, unknown or of the wrong kind (形式有误)."""
    KIND = "KIND"
    """No such kind of rule (规则类型不存在)."""
    VALUE = "VALUE"
    """A value that cannot be (取值有误)."""
    PATTERN = "PATTERN"
    """A pattern that is not understood alike by all engines (正则表达式不可移植)."""
    EXPRESSION = "EXPRESSION"
    """An expression that cannot be read (表达式有误)."""
    DUPLICATE = "DUPLICATE"
    """Two rules of one name (编号重复)."""
    COLUMN = "COLUMN"
    """The table has no such column (列不存在)."""
    TABLE = "TABLE"
    """No such table was given (表不存在)."""
    TYPE = "TYPE"
    """The column's type cannot be asked this (类型不符)."""
    AS_OF = "AS_OF"
    """The rule needs the moment of the check (缺少检查时点)."""
    RESULT = "RESULT"
    """A result that does not belong to the plan (结果不符)."""
    LIMIT = "LIMIT"
    """Too much of something (超出上限)."""


class QualityError(ValueError):
    """A rule, a plan or a result that cannot be accepted (质量规则有误).

    ``reason`` is for programs, ``place`` says where (such as ``rules[2].column``), ``text`` what is wrong.
    """

    def __init__(self, reason: Reason, place: str, text: Text) -> None:
        super().__init__(reason, place, text)
        self.reason = reason
        self.place = place
        self.text = text

    def __str__(self) -> str:
        return f"{self.place}: {self.text.en}"


class LifeCycleError(ValueError):
    """A step that a finding cannot take from where it is (问题状态不允许此操作)."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text.en
