"""What can go wrong with dated parameters; every error says it in Chinese and English."""

from __future__ import annotations

from quancheng.core.text import Text

__all__ = [
    "InvalidRegion",
    "NoRuleInForce",
    "RuleConflict",
    "RuleError",
    "RuleFormatError",
    "RuleValueType",
]


class RuleError(Exception):
    """Base of all errors here (参数错误); ``text`` is for people."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text.en


class InvalidRegion(RuleError, ValueError):
    """Not an administrative division code (区划代码有误)."""

    def __init__(self, code: str) -> None:
        super().__init__(
            Text(
                f"“{code}”不是行政区划代码，应为6、9或12位数字。",
                f"“{code}” is not an administrative code of 6, 9 or 12 digits.",
            )
        )
        self.code = code


class RuleValueType(RuleError, TypeError):
    """A value of another kind than asked for or allowed (取值类型不符)."""

    def __init__(self, detail: str) -> None:
        super().__init__(Text(f"参数取值类型不符：{detail}", detail))


class RuleFormatError(RuleError, ValueError):
    """A rule that cannot be read; ``place`` tells where (参数文件有误)."""

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(Text(f"{place} 无法读取：{detail}", f"{place} cannot be read: {detail}"))
        self.place = place
        self.detail = detail


class NoRuleInForce(RuleError, LookupError):
    """No value for this day and region (没有有效的参数); ``considered`` is what was looked at."""

    def __init__(self, text: Text, considered: tuple[tuple[object, Text], ...]) -> None:
        super().__init__(text)
        self.considered = considered


class RuleConflict(RuleError):
    """Equally specific rules contradict each other (规则冲突); a person must decide."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        joined = "; ".join(labels)
        super().__init__(
            Text(
                f"以下参数在同一区域的有效期重叠，请明确其中一条的失效日期：{joined}",
                f"These rules overlap in the same region; give one of them an end date: {joined}",
            )
        )
        self.labels = labels
