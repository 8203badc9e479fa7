"""规则模型: what a rule says, as values; the kinds of rule, their severity and their dimension."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from quancheng.core.quality.language.nodes import Node
from quancheng.core.text import Text

__all__ = [
    "BLANKS",
    "Allowed",
    "Check",
    "Checksum",
    "Complete",
    "Consistent",
    "Dimension",
    "Fault",
    "Format",
    "Kind",
    "Range",
    "Reference",
    "RowCount",
    "Rule",
    "RuleSet",
    "Scheme",
    "Scope",
    "Severity",
    "Timely",
    "Unique",
    "Updated",
]

BLANKS = " \t\n\r\u00a0\u3000"
"""Characters a value may consist of and still say nothing: space, tab, line ends, no-break and 全角 space.

Listed because every engine has another idea of white space. ``Complete`` and "missing" mean these.
"""


class Kind(StrEnum):
    """Kind of rule (规则类型)."""

    COMPLETE = "complete"
    FORMAT = "format"
    RANGE = "range"
    ALLOWED = "allowed"
    UNIQUE = "unique"
    REFERENCE = "reference"
    TIMELY = "timely"
    CONSISTENT = "consistent"
    CHECKSUM = "checksum"
    ROW_COUNT = "row_count"
    UPDATED = "updated"


class Dimension(StrEnum):
    """Dimension of data quality (质量维度), the six of GB/T 36344-2018 less 可访问性, which is no rule's."""

    NORMATIVE = "normative"
    COMPLETE = "complete"
    ACCURATE = "accurate"
    CONSISTENT = "consistent"
    TIMELY = "timely"

    @property
    def text(self) -> Text:
        """Label (维度名称)."""
        return _DIMENSIONS[self]


_DIMENSIONS = {
    Dimension.NORMATIVE: Text("规范性", "normativity"),
    Dimension.COMPLETE: Text("完整性", "completeness"),
    Dimension.ACCURATE: Text("准确性", "accuracy"),
    Dimension.CONSISTENT: Text("一致性", "consistency"),
    Dimension.TIMELY: Text("时效性", "timeliness"),
}

OF_KIND = {
    Kind.COMPLETE: Dimension.COMPLETE,
    Kind.FORMAT: Dimension.NORMATIVE,
    Kind.RANGE: Dimension.ACCURATE,
    Kind.ALLOWED: Dimension.NORMATIVE,
    Kind.UNIQUE: Dimension.ACCURATE,
    Kind.REFERENCE: Dimension.CONSISTENT,
    Kind.TIMELY: Dimension.TIMELY,
    Kind.CONSISTENT: Dimension.CONSISTENT,
    Kind.CHECKSUM: Dimension.ACCURATE,
    Kind.ROW_COUNT: Dimension.COMPLETE,
    Kind.UPDATED: Dimension.TIMELY,
}
"""The dimension of a kind, where the rule does not say another."""


class Severity(StrEnum):
    """How bad a failure is (严重程度): only an error fails the table."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def text(self) -> Text:
        """Label (严重程度名称)."""
        return _SEVERITIES[self]


_SEVERITIES = {
    Severity.ERROR: Text("错误", "error"),
    Severity.WARNING: Text("警告", "warning"),
    Severity.NOTE: Text("提示", "note"),
}


class Scheme(StrEnum):
    """A number that checks itself (自校验号码)."""

    RESIDENT_ID = "resident_id"
    """公民身份号码, GB 11643-1999: 18 characters, a date of birth, ISO 7064 MOD 11-2."""
    USCC = "uscc"
    """统一社会信用代码, GB 32100-2015: 18 characters of 31, weights 3^(i-1) mod 31."""
    BANK_CARD = "bank_card"
    """银行卡号: 12 to 19 digits, the modulus 10 "double-add-double" formula of ISO/IEC 7812-1 annex B (Luhn)."""


class Scope(StrEnum):
    """What a timely rule looks at (时效范围)."""

    ROW = "row"
    """Every row must be recent (逐行)."""
    NEWEST = "newest"
    """The newest row must be recent: the feed is alive (最新一行)."""


class Fault(StrEnum):
    """Why a row fails (不合格原因)."""

    MISSING = "MISSING"
    FORMAT = "FORMAT"
    UNREADABLE = "UNREADABLE"
    BELOW = "BELOW"
    ABOVE = "ABOVE"
    NOT_ALLOWED = "NOT_ALLOWED"
    DUPLICATE = "DUPLICATE"
    NO_PARENT = "NO_PARENT"
    STALE = "STALE"
    FUTURE = "FUTURE"
    INCONSISTENT = "INCONSISTENT"
    CHARACTERS = "CHARACTERS"
    BIRTH_DATE = "BIRTH_DATE"
    CHECK_DIGIT = "CHECK_DIGIT"
    FUTURE_BIRTH = "FUTURE_BIRTH"

    @property
    def text(self) -> Text:
        """What is wrong, for the person who repairs it (原因说明)."""
        return _FAULTS[self]


_FAULTS = {
    Fault.MISSING: Text("没有填写", "not filled in"),
    Fault.FORMAT: Text("格式不符", "not of the form asked for"),
    Fault.UNREADABLE: Text("不是可识别的数字或日期", "not a number or date that can be read"),
    Fault.BELOW: Text("小于下限", "below the least"),
    Fault.ABOVE: Text("大于上限", "above the most"),
    Fault.NOT_ALLOWED: Text("不在允许的取值之内", "not one of the values allowed"),
    Fault.DUPLICATE: Text("与其他行重复", "the same as another row"),
    Fault.NO_PARENT: Text("在被引用的表中不存在", "not found in the table referred to"),
    Fault.STALE: Text("更新已过期", "older than it may be"),
    Fault.FUTURE: Text("时间晚于检查时点", "later than the moment of the check"),
    Fault.INCONSISTENT: Text("各项之间相互矛盾", "columns contradict each other"),
    Fault.CHARACTERS: Text("位数或字符有误", "wrong length or characters"),
    Fault.BIRTH_DATE: Text("出生日期不存在", "no such date of birth"),
    Fault.CHECK_DIGIT: Text("校验位不符", "the check character does not fit"),
    Fault.FUTURE_BIRTH: Text("出生日期晚于检查时点", "born after the moment of the check"),
}


@dataclass(frozen=True, slots=True)
class Complete:
    """The column says something (完整): not NULL, not NaN, not blank, not a token for "none"."""

    column: str


@dataclass(frozen=True, slots=True)
class Format:
    """The whole text matches a portable pattern (格式); ``named`` if it is one of ``FORMATS``."""

    column: str
    pattern: str
    named: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """The value lies between two bounds (范围), both inclusive; ``length`` looks at the characters' count.

    Bounds are numbers, or days for columns of dates. A text column is read first: decimal numbers as
    ``-12.50``, days as ``2024-02-29`` or ``20240229`` (GB/T 7408.1, extended and basic form).
    """

    column: str
    least: Decimal | date | None = None
    most: Decimal | date | None = None
    length: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """The value is one of a dictionary (值域)."""

    column: str
    values: tuple[str, ...] | tuple[int, ...] | tuple[bool, ...]
    dictionary: str = ""


@dataclass(frozen=True, slots=True)
class Unique:
    """No two rows have the same values in these columns (唯一); rows where one is missing do not count."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The values exist in another table (引用): ``columns`` pair with ``target`` columns of ``table``."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timely:
    """The moment is not older than ``within`` and not later than ``ahead`` from the check (时效)."""

    column: str
    within: timedelta
    ahead: timedelta = timedelta(0)
    scope: Scope = Scope.ROW


@dataclass(frozen=True, slots=True)
class Consistent:
    """An expression over the row's columns holds (一致); unknown is not a contradiction."""

    expression: str
    node: Node


@dataclass(frozen=True, slots=True)
class Checksum:
    """A number that checks itself, in the form it is to be stored in (校验): no blanks, capital letters."""

    column: str
    scheme: Scheme


@dataclass(frozen=True, slots=True)
class RowCount:
    """The table has this many rows (行数)."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Updated:
    """The table itself was changed not longer ago than ``within`` (更新及时); nothing is asked of its rows."""

    within: timedelta


Check = (
    Complete
    | Format
    | Range
    | Allowed
    | Unique
    | Reference
    | Timely
    | Consistent
    | Checksum
    | RowCount
    | Updated
)

_KIND_OF: dict[type, Kind] = {
    Complete: Kind.COMPLETE,
    Format: Kind.FORMAT,
    Range: Kind.RANGE,
    Allowed: Kind.ALLOWED,
    Unique: Kind.UNIQUE,
    Reference: Kind.REFERENCE,
    Timely: Kind.TIMELY,
    Consistent: Kind.CONSISTENT,
    Checksum: Kind.CHECKSUM,
    RowCount: Kind.ROW_COUNT,
    Updated: Kind.UPDATED,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule (质量规则).

    ``least`` is the share of applicable rows that must pass (0 to 1), ``weight`` its part in the score,
    ``when`` the rows it speaks of (others do not count), ``source`` where the demand comes from.
    """

    id: str
    name: Text
    check: Check
    severity: Severity = Severity.ERROR
    weight: Decimal = Decimal(1)
    least: Decimal = Decimal(1)
    source: str = ""
    when: Node | None = None
    when_text: str = ""
    dimension: Dimension | None = field(default=None)

    @property
    def kind(self) -> Kind:
        """Kind of the rule (规则类型)."""
        return _KIND_OF[type(self.check)]

    @property
    def side(self) -> Dimension:
        """Dimension the rule counts for (所属维度)."""
        return self.dimension or OF_KIND[self.kind]

    @property
    def by_row(self) -> bool:
        """Whether single rows pass or fail, or only the table as a whole (是否逐行判断)."""
        return self.kind not in {Kind.ROW_COUNT, Kind.UPDATED} and not (
            isinstance(self.check, Timely) and self.check.scope is Scope.NEWEST
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the check itself looks at, in order (涉及的列)."""
        check = self.check
        if isinstance(check, Unique | Reference):
            return check.columns
        if isinstance(check, Consistent):
            return check.node.columns()
        return () if isinstance(check, RowCount | Updated) else (check.column,)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one table (一张表的规则集).

    ``key``: columns by which a person finds a row again. ``missing``: texts that stand for "none"
    in this table, such as 无 or ``-``.
    """

    table: str
    rules: tuple[Rule, ...]
    key: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def find(self, rule: str) -> Rule:
        """The rule of this id (按编号查规则). Raises ``KeyError``."""
        for each in self.rules:
            if each.id == rule:
                return each
        raise KeyError(rule)


NAME = re.compile(r"[A-Za-z0-9_\-.]{1,64}")
"""What a rule's id looks like."""
