"""可移植的正则: patterns that RE2 (DuckDB), Java (Spark) and Python understand alike, and named formats.

Left out on purpose: back references and look-around (RE2 has none), ``\\d \\w \\s \\b`` (ASCII in two of
them, Unicode in Python), ``.`` (differs at line ends), anchors (``$`` differs before a last line end;
the whole text must match anyway), flags, named groups, possessive quantifiers, POSIX and Unicode
classes, set operations in brackets (Java), nested quantifiers (Python and Java may take for ever).
What remains is enough to describe codes and numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from quancheng.core.quality.errors import QualityError, Reason
from quancheng.core.text import Text

__all__ = ["FORMATS", "NamedFormat", "check_pattern", "whole"]

MOST = 300
"""Characters a pattern may have."""
REPEAT = 100
"""How often a part may be repeated by count."""

_LITERAL = re.compile(r"[A-Za-z0-9 _:;,<>=!@#%&/'\"~`\-]|[^\x00-\x7f]")
_ESCAPED = frozenset(r".-+*?()[]{}|^$\/")
_SET_SIGNS = frozenset({"&&", "--", "||", "~~"})
_TOO_MANY, _MOST_WAYS, _LARGEST = 10**9, 10**5, 1000
_COUNT = re.compile(r"\{(\d{1,3})(,(\d{1,3})?)?\}")


@dataclass(frozen=True, slots=True)
class NamedFormat:
    """A form that has a name (命名格式)."""

    pattern: str
    text: Text
    source: str


FORMATS: dict[str, NamedFormat] = {
    "mobile": NamedFormat(
        "1[3-9][0-9]{9}",
        Text("手机号", "mobile number"),
        "YD/T 2377, public numbering plan: 1[3-9] + 9 digits",
    ),
    "landline": NamedFormat(
        "0[1-9][0-9]{1,2}-?[2-9][0-9]{6,7}",
        Text("固定电话", "landline number"),
        "YD/T 2377, area code + number",
    ),
    "postcode": NamedFormat(
        "[0-9]{6}", Text("邮政编码", "postcode"), "six digits, no leading zeros left out"
    ),
    "region": NamedFormat(
        "[1-9][0-9]{5}", Text("县级以上行政区划代码", "administrative division code"), "GB/T 2260"
    ),
    "town": NamedFormat("[1-9][0-9]{8}", Text("乡级行政区划代码", "code of a town or street"), "GB/T 10114"),
    "community": NamedFormat(
        "[1-9][0-9]{11}", Text("村级区划代码", "code of a village or community"), "统计用区划代码"
    ),
    "plate": NamedFormat(
        "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9学警港澳挂]",
        Text("机动车号牌", "number plate"),
        "GA 36-2018",
    ),
    "email": NamedFormat(
        "[A-Za-z0-9_%+\\-][A-Za-z0-9_%+.\\-]{0,63}@[A-Za-z0-9][A-Za-z0-9.\\-]{0,99}\\.[A-Za-z]{2,24}",
        Text("电子邮箱", "e-mail address"),
        "RFC 5321, clause 4.1.2, the usual part",
    ),
    "date": NamedFormat(
        "[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
        Text("日期（年-月-日）", "date (year-month-day)"),
        "GB/T 7408.1, extended form",
    ),
    "time": NamedFormat(
        "[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]",
        Text("日期时间", "date and time"),
        "GB/T 7408.1, extended form",
    ),
    "chinese_name": NamedFormat(
        "[\u3400-\u9fff\U00020000-\U0003ffff]([\u3400-\u9fff\U00020000-\U0003ffff·]{0,48}[\u3400-\u9fff\U00020000-\U0003ffff])?",
        Text("中文姓名", "name in Chinese characters"),
        "GB 18030 ideographs, 间隔号 between parts",
    ),
}
"""Named formats (命名格式). A dated demand of an office belongs in its own rule, not here."""


def whole(pattern: str) -> str:
    r"""The pattern as RE2 and Java want it to match the whole text (整体匹配): ``\A(?:…)\z``."""
    return f"\\A(?:{pattern})\\z"


def check_pattern(pattern: str, place: str) -> str:
    """Return the pattern if all engines understand it alike (检查可移植性).

    Raises ``QualityError`` with ``PATTERN`` that names the first character that is not allowed.
    """
    if not pattern or len(pattern) > MOST:
        raise _refuse(place, f"长度应为1至{MOST}个字符", f"it has 1 to {MOST} characters")
    try:
        pattern.encode()
    except UnicodeEncodeError as error:
        raise _refuse(place, "含有不完整的字符", "half a character in it") from error
    end = _Scanner(pattern, place).alternatives(0, depth=0).end
    if end != len(pattern):
        raise _refuse(place, f"第{end + 1}个字符处括号不配对", f"an unpaired bracket at character {end + 1}")
    try:
        re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise _refuse(place, f"{error}", f"{error}") from error
    return pattern


def _refuse(place: str, zh: str, en: str) -> QualityError:
    return QualityError(
        Reason.PATTERN, place, Text(f"正则表达式不可用：{zh}。", f"The pattern cannot be used: {en}.")
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a part of a pattern is: where it ends, in how many ways it may match, how large it unfolds."""

    end: int
    ways: int = 1
    size: int = 1
    endless: bool = False


class _Scanner:
    """A walk over the pattern that knows only what is portable."""

    __slots__ = ("pattern", "place")

    def __init__(self, pattern: str, place: str) -> None:
        self.pattern = pattern
        self.place = place

    def at(self, index: int) -> str:
        return self.pattern[index] if index < len(self.pattern) else ""

    def fail(self, index: int, zh: str, en: str) -> QualityError:
        return _refuse(self.place, f"第{index + 1}个字符：{zh}", f"character {index + 1}: {en}")

    def alternatives(self, index: int, depth: int) -> _Shape:
        """One or more sequences, until a closing bracket or the end."""
        if depth > 8:
            raise self.fail(index, "括号层数过多", "too many brackets inside each other")
        whole_ways, ways, size, endless = 0, 1, 0, False
        while index < len(self.pattern) and self.at(index) != ")":
            if self.at(index) == "|":
                whole_ways, ways, index = whole_ways + ways, 1, index + 1
                continue
            part = self.part(index, depth)
            ways, size = min(ways * part.ways, _TOO_MANY), size + part.size
            endless, index = endless or part.endless, part.end
        return _Shape(index, min(whole_ways + ways, _TOO_MANY), size, endless)

    def part(self, index: int, depth: int) -> _Shape:
        """One character, class or group with its quantifier."""
        inner = self.atom(index, depth)
        shape = self.quantified(inner)
        if shape.size > _LARGEST:
            raise self.fail(index, "展开后过长", "it unfolds to too much")
        return shape

    def atom(self, index: int, depth: int) -> _Shape:
        sign = self.at(index)
        if sign == "(":
            inner = self.alternatives(index + (3 if self.pattern.startswith("(?:", index) else 1), depth + 1)
            if self.at(inner.end) != ")":
                raise self.fail(index, "括号没有闭合", "the bracket is not closed")
            return _Shape(inner.end + 1, inner.ways, max(inner.size, 1), inner.endless)
        if sign == "[":
            return _Shape(self.bracket(index))
        if sign == "\\":
            return _Shape(self.escaped(index))
        if not _LITERAL.fullmatch(sign):
            raise self.fail(index, f"“{sign}”的含义因引擎而异", f"“{sign}” differs between engines")
        return _Shape(index + 1)

    def escaped(self, index: int) -> int:
        if self.at(index + 1) not in _ESCAPED:
            raise self.fail(index, "只能转义标点", "only signs may be escaped; write [0-9] for a digit")
        return index + 2

    def bracket(self, index: int) -> int:
        start = place = index + (2 if self.at(index + 1) == "^" else 1)
        while self.at(place) != "]":
            sign = self.at(place)
            if not sign or sign == "[" or self.pattern[place : place + 2] in _SET_SIGNS:
                raise self.fail(
                    index, "字符集没有闭合或含有特殊符号", "the set is not closed or has its own signs"
                )
            if ord(sign) < 32:
                raise self.fail(place, "控制字符", "a control character")
            place = self.escaped(place) if sign == "\\" else place + 1
        if place == start:
            raise self.fail(index, "字符集为空", "an empty set")
        return place + 1

    def quantified(self, inner: _Shape) -> _Shape:
        """The part with the quantifier behind it, if there is one."""
        index = inner.end
        sign = self.at(index)
        if not sign or sign not in "*+?{":
            return inner
        least, most, end = self.counts(index)
        if self.at(end) and self.at(end) in "*+?{":
            raise self.fail(end, "不能有两个重复符号", "two quantifiers")
        many = most is None or most > 1
        if many and (inner.endless or (most is None and inner.ways > 1)):
            raise self.fail(
                index, "重复之中又有重复或选择", "a repetition of what may itself match in many ways"
            )
        if most is None:
            return _Shape(end, 1, inner.size * max(least, 1), True)
        ways = min((most - least + 1) * inner.ways ** max(most, 1), _TOO_MANY)
        if inner.ways > 1 and many and ways > _MOST_WAYS:
            raise self.fail(index, "可匹配的方式过多", "it may match in too many ways")
        return _Shape(end, ways, inner.size * max(most, 1), inner.endless)

    def counts(self, index: int) -> tuple[int, int | None, int]:
        """Least and most repetitions (``None``: no end) and where the quantifier ends."""
        sign = self.at(index)
        if sign != "{":
            return (1 if sign == "+" else 0), (1 if sign == "?" else None), index + 1
        found = _COUNT.match(self.pattern, index)
        if not found:
            raise self.fail(index, "重复次数应写作{2}、{2,}或{2,5}", "a count is {2}, {2,} or {2,5}")
        least = int(found[1])
        most = None if found[2] and not found[3] else int(found[3] or found[1])
        if max(least, most or 0) > REPEAT or (most is not None and most < least):
            raise self.fail(index, f"重复次数应由小到大且不超过{REPEAT}", f"at most {REPEAT}, in order")
        return least, most, found.end()
