"""What can go wrong with an exchange, in Chinese and English."""

from __future__ import annotations

from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["ConditionError", "ExchangeError", "FormatError", "KeyFault", "StepError", "StepReason"]


class ExchangeError(Exception):
    """Base of all errors here (交换错误); ``text`` is for people."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text.en


class FormatError(ExchangeError, ValueError):
    """A message, stamp or evidence that cannot be read; ``place`` tells where (格式有误)."""

    def __init__(self, place: str, zh: str, en: str) -> None:
        super().__init__(Text(f"{place} 无法读取：{zh}", f"{place} cannot be read: {en}"))
        self.place = place


class ConditionError(ExchangeError, ValueError):
    """A row condition that is not safe or not well formed (行条件有误)."""

    def __init__(self, place: str, zh: str, en: str) -> None:
        super().__init__(Text(f"行条件 {place} 有误：{zh}", f"The row condition is wrong at {place}: {en}"))
        self.place = place


class KeyFault(ExchangeError, ValueError):
    """A key or certificate that cannot be used (密钥不可用)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(Text(f"密钥不可用：{zh}", f"The key cannot be used: {en}"))


class StepReason(StrEnum):
    """Why a step of a sharing request was refused (办理操作被拒原因)."""

    WRONG_STAGE = "WRONG_STAGE"
    WRONG_ROLE = "WRONG_ROLE"
    REASON_MISSING = "REASON_MISSING"
    BASIS_MISSING = "BASIS_MISSING"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    OVERDUE = "OVERDUE"
    EXTENSION_REFUSED = "EXTENSION_REFUSED"
    NOT_SHAREABLE = "NOT_SHAREABLE"
    TERM_MISSING = "TERM_MISSING"

    @property
    def text(self) -> Text:
        """Label (原因)."""
        return _STEP_TEXTS[self]


_STEP_TEXTS = {
    StepReason.WRONG_STAGE: Text(
        "申请当前所处环节不允许此操作。", "The request's present stage does not allow this step."
    ),
    StepReason.WRONG_ROLE: Text("此操作应由另一方办理。", "This step belongs to another party."),
    StepReason.REASON_MISSING: Text("请写明理由。", "Give the reason."),
    StepReason.BASIS_MISSING: Text(
        "必须写明依据的法律、法规或者国务院决定及其条款。", "Name the law or regulation and its clause."
    ),
    StepReason.OUT_OF_ORDER: Text(
        "日期早于上一步，请检查日期。", "The day is before the last step; check the date."
    ),
    StepReason.OVERDUE: Text("法定期限已经届满。", "The legal time limit has passed."),
    StepReason.EXTENSION_REFUSED: Text(
        "不能再延长，或者延长天数超过规定。", "No further extension, or more days than allowed."
    ),
    StepReason.NOT_SHAREABLE: Text(
        "该数据属于不予共享类，不能申请共享。", "This data is of the type not shared; it cannot be asked for."
    ),
    StepReason.TERM_MISSING: Text(
        "参数中没有这一环节的法定天数。", "The parameters have no legal day count for this stage."
    ),
}


class StepError(ExchangeError):
    """A step that the sharing request does not allow (办理操作不允许)."""

    def __init__(self, reason: StepReason) -> None:
        super().__init__(reason.text)
        self.reason = reason
