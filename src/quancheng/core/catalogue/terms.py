"""目录词汇: the closed vocabularies of a data catalogue, each term with its label and official number.

Source: 《政务信息资源目录编制指南（试行）》(发改高技〔2017〕1272号) 核心元数据; classification levels after
GB/T 43697-2024 and its provincial applications. Terms of one vocabulary are ordered: share types
and levels from free to strict, update cycles from fast to slow.
"""

from __future__ import annotations

from enum import Enum

from quancheng.core.text import Text

__all__ = [
    "DataType",
    "DemandState",
    "DistributionKind",
    "Impact",
    "Level",
    "Openness",
    "Severity",
    "ShareMode",
    "ShareType",
    "Term",
    "UpdateCycle",
    "View",
]


class Term(Enum):
    """A term of a vocabulary (词汇项): ``value`` is kept in data, ``label`` is read by people."""

    @property
    def label(self) -> Text:
        """What a person reads (名称)."""
        return _LABELS[self]

    @property
    def number(self) -> str:
        """The number or letter that the standard's tables use, else "" (标准代码)."""
        return _NUMBERS.get(self, "")

    @property
    def rank(self) -> int:
        """Place in the vocabulary's order, from zero (次序)."""
        return _RANKS[self]


class View(Term):
    """The three views of the national catalogue (三类目录), 指南 4: 类."""

    BASE = "base"
    THEME = "theme"
    DEPARTMENT = "department"


class ShareType(Term):
    """共享类型: with whom in government the data is shared (政务数据共享条例 · 共享属性)."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NONE = "none"


class ShareMode(Term):
    """共享方式: how shared data travels."""

    API = "api"
    TABLE = "table"
    FILE = "file"
    MEDIA = "media"


class Openness(Term):
    """开放属性: whether the public may have the data."""

    OPEN = "open"
    CONDITIONAL = "conditional"
    CLOSED = "closed"


class Level(Term):
    """数据级别 1–4: harm if the data leaks, from none to grave."""

    ONE = "1"
    TWO = "2"
    THREE = "3"
    FOUR = "4"


class UpdateCycle(Term):
    """更新周期: how often the provider promises new data."""

    REALTIME = "realtime"
    DAILY = "daily"
    WEEKLY = "weekly"
    TEN_DAYS = "ten_days"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    IRREGULAR = "irregular"
    ONCE = "once"

    @property
    def period(self) -> int | None:
        """Longest promised gap in days; ``None`` where nothing is promised (周期天数)."""
        return _PERIODS.get(self)


class DataType(Term):
    """信息项数据类型 of 指南 appendix: one letter each."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    LOGICAL = "logical"
    MEMO = "memo"
    GENERAL = "general"
    DOUBLE = "double"
    INTEGER = "integer"
    FLOAT = "float"


class DistributionKind(Term):
    """挂接形式: in which form a dataset can be had."""

    TABLE = "table"
    API = "api"
    FILE = "file"


class DemandState(Term):
    """需求状态: how far a wanted dataset has come."""

    OPEN = "open"
    ANSWERED = "answered"
    SATISFIED = "satisfied"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Severity(Term):
    """问题程度: an error stops publication, a warning is told."""

    WARNING = "warning"
    ERROR = "error"


class Impact(Term):
    """变更影响 on those who use the data, from harmless to harmful."""

    WORDING = "wording"
    ADDITIVE = "additive"
    BREAKING = "breaking"


# term: (Chinese, English) or (Chinese, English, official number)
_TABLE: dict[Term, tuple[str, ...]] = {
    View.BASE: ("基础信息资源", "Base data", "1"),
    View.THEME: ("主题信息资源", "Theme data", "2"),
    View.DEPARTMENT: ("部门信息资源", "Department data", "3"),
    ShareType.UNCONDITIONAL: ("无条件共享", "Shared without condition", "1"),
    ShareType.CONDITIONAL: ("有条件共享", "Shared on condition", "2"),
    ShareType.NONE: ("不予共享", "Not shared", "3"),
    ShareMode.API: ("接口", "Interface"),
    ShareMode.TABLE: ("库表", "Table"),
    ShareMode.FILE: ("文件", "File"),
    ShareMode.MEDIA: ("介质交换", "Physical media"),
    Openness.OPEN: ("无条件开放", "Open", "1"),
    Openness.CONDITIONAL: ("有条件开放", "Open on condition", "2"),
    Openness.CLOSED: ("不予开放", "Not open", "3"),
    Level.ONE: ("一级", "Level 1", "1"),
    Level.TWO: ("二级", "Level 2", "2"),
    Level.THREE: ("三级", "Level 3", "3"),
    Level.FOUR: ("四级", "Level 4", "4"),
    UpdateCycle.REALTIME: ("实时", "Real time"),
    UpdateCycle.DAILY: ("每日", "Daily"),
    UpdateCycle.WEEKLY: ("每周", "Weekly"),
    UpdateCycle.TEN_DAYS: ("每旬", "Every ten days"),
    UpdateCycle.MONTHLY: ("每月", "Monthly"),
    UpdateCycle.QUARTERLY: ("每季度", "Quarterly"),
    UpdateCycle.HALF_YEARLY: ("每半年", "Every half year"),
    UpdateCycle.YEARLY: ("每年", "Yearly"),
    UpdateCycle.IRREGULAR: ("不定期", "Irregular"),
    UpdateCycle.ONCE: ("一次性", "Once"),
    DataType.TEXT: ("字符型", "Text", "C"),
    DataType.NUMBER: ("数值型", "Number", "N"),
    DataType.MONEY: ("货币型", "Money", "Y"),
    DataType.DATE: ("日期型", "Date", "D"),
    DataType.DATETIME: ("日期时间型", "Date and time", "T"),
    DataType.LOGICAL: ("逻辑型", "Logical", "L"),
    DataType.MEMO: ("备注型", "Memo", "M"),
    DataType.GENERAL: ("通用型", "General", "G"),
    DataType.DOUBLE: ("双精度型", "Double", "B"),
    DataType.INTEGER: ("整型", "Integer", "I"),
    DataType.FLOAT: ("浮点型", "Float", "F"),
    DistributionKind.TABLE: ("库表", "Table"),
    DistributionKind.API: ("接口", "Interface"),
    DistributionKind.FILE: ("文件", "File"),
    DemandState.OPEN: ("待响应", "Waiting"),
    DemandState.ANSWERED: ("已响应", "Answered"),
    DemandState.SATISFIED: ("已满足", "Satisfied"),
    DemandState.REFUSED: ("已拒绝", "Refused"),
    DemandState.WITHDRAWN: ("已撤回", "Withdrawn"),
    Severity.WARNING: ("提示", "Warning"),
    Severity.ERROR: ("错误", "Error"),
    Impact.WORDING: ("文字调整", "Wording"),
    Impact.ADDITIVE: ("新增兼容", "Additive"),
    Impact.BREAKING: ("不兼容变更", "Breaking"),
}

_LABELS: dict[Term, Text] = {term: Text(row[0], row[1]) for term, row in _TABLE.items()}
_NUMBERS: dict[Term, str] = {term: row[2] for term, row in _TABLE.items() if len(row) > 2}
_RANKS: dict[Term, int] = {
    term: rank for vocabulary in Term.__subclasses__() for rank, term in enumerate(vocabulary)
}
_PERIODS: dict[Term, int] = {
    UpdateCycle.REALTIME: 0,
    UpdateCycle.DAILY: 1,
    UpdateCycle.WEEKLY: 7,
    UpdateCycle.TEN_DAYS: 11,
    UpdateCycle.MONTHLY: 31,
    UpdateCycle.QUARTERLY: 92,
    UpdateCycle.HALF_YEARLY: 184,
    UpdateCycle.YEARLY: 366,
}
