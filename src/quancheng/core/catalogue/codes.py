"""资源代码: build, parse and check codes by a rule that is a table, never by code of our own.

《政务信息资源目录编制指南（试行）》: the front part is 类 (1 digit), 项 (2), 目 (3) and 细目 (free length), the
back part the serial number (free length) after a slash: ``307015/12``. Provinces differ in lengths
and segments (DB36/T 1124, DB51/T 2847), so a :class:`CodeRule` is read from a dated table.

A rule is refused unless every code has one reading only: between two separators at most one
segment may vary in length, and no segment may contain a separator.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from quancheng.core.text import Text

__all__ = ["Alphabet", "Code", "CodeError", "CodeReason", "CodeRule", "Segment"]


class Alphabet(Enum):
    """Which characters a segment may hold (字符集); ASCII only, full-width digits are not digits."""

    DIGITS = "0123456789"
    HEX = "0123456789ABCDEF"
    UPPER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class CodeReason(Enum):
    """Why a code or a rule is refused (代码问题)."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    CHARACTER = "character"
    CHOICE = "choice"
    SEPARATOR = "separator"
    MISSING = "missing"
    UNKNOWN_SEGMENT = "unknown_segment"
    EXHAUSTED = "exhausted"
    RULE = "rule"


class CodeError(ValueError):
    """A code refused (资源代码有误): ``reason``, the ``segment``'s key and the ``position`` from 0."""

    def __init__(self, reason: CodeReason, segment: str, position: int, text: Text) -> None:
        super().__init__(text.en)
        self.reason = reason
        self.segment = segment
        self.position = position
        self.text = text


@dataclass(frozen=True, slots=True)
class Segment:
    """代码段: ``minimum`` to ``maximum`` characters of an alphabet, behind a ``separator``.

    ``choices`` closes the list of values. ``serial`` marks the running number (顺序码), at most one;
    ``width`` pads it with zeros when built.
    """

    key: str
    name: Text
    minimum: int
    maximum: int
    alphabet: Alphabet = Alphabet.DIGITS
    separator: str = ""
    choices: tuple[str, ...] = ()
    serial: bool = False
    width: int = 0

    @property
    def varies(self) -> bool:
        """Whether its length is free (是否不定长)."""
        return self.minimum != self.maximum


@dataclass(frozen=True, slots=True)
class Code:
    """A code taken apart (代码分段); ``parts`` has every segment's value, "" for an absent one."""

    text: str
    parts: Mapping[str, str]

    def __str__(self) -> str:
        return self.text


class CodeRule:
    """编码规则: the segments in their order.

    Raises :class:`CodeError` with ``RULE`` if the table is contradictory or some code would have
    two readings.
    """

    __slots__ = ("_groups", "id", "segments")

    def __init__(self, id: str, segments: Iterable[Segment]) -> None:
        self.id = id
        self.segments = tuple(segments)
        _check_rule(self.segments)
        self._groups = _groups(self.segments)

    @classmethod
    def of(cls, table: Mapping[str, object]) -> CodeRule:
        """Read ``{id, segments: [{key, name, length | minimum + maximum, …}]}`` (读取规则表)."""
        rows = table.get("segments")
        if not isinstance(rows, list | tuple) or not isinstance(table.get("id"), str):
            raise _rule_error("", "缺少 id 或 segments", "id or segments is missing")
        return cls(str(table["id"]), [_segment(row) for row in rows])

    def parse(self, code: str) -> Code:
        """Take a code apart (解析); raises :class:`CodeError` for the first segment that is wrong."""
        parts: dict[str, str] = {}
        position = 0
        for index, group in enumerate(self._groups):
            position = _pass_separator(group[0], code, position)
            end = len(code)
            if index + 1 < len(self._groups):
                end = _find_next(self._groups[index + 1][0], group, code, position)
            position = _split_group(group, code, position, end, parts)
        return Code(code, parts)

    def build(self, parts: Mapping[str, str]) -> str:
        """Put a code together (生成); every part is checked, unknown keys are refused."""
        unknown = sorted(parts.keys() - {segment.key for segment in self.segments})
        if unknown:
            zh, en = f"没有代码段“{unknown[0]}”。", f"There is no segment “{unknown[0]}”."
            raise CodeError(CodeReason.UNKNOWN_SEGMENT, unknown[0], 0, Text(zh, en))
        built = ""
        for segment in self.segments:
            value = parts.get(segment.key, "")
            if segment.serial and value and segment.width:
                value = value.zfill(segment.width)
            built += segment.separator
            _check_value(segment, value, len(built))
            built += value
        return built

    def ok(self, code: str) -> bool:
        """Whether a code follows the rule (是否合规)."""
        try:
            self.parse(code)
        except CodeError:
            return False
        return True

    def next_free(self, parts: Mapping[str, str], taken: Collection[str]) -> str:
        """The code behind the highest taken serial number of the same front part (下一个顺序码).

        Numbers of withdrawn entries are never given again, so pass them in ``taken`` too; codes
        that follow another rule are passed over. Raises ``EXHAUSTED`` when the serial is full.
        """
        serial = next((segment for segment in self.segments if segment.serial), None)
        if serial is None:
            raise _rule_error("", "规则没有顺序码", "the rule has no serial segment")
        highest = 0
        wanted = {s.key: parts.get(s.key, "") for s in self.segments if not s.serial}
        for code in taken:
            try:
                found = self.parse(code).parts
            except CodeError:
                continue
            if all(found[key] == value for key, value in wanted.items()):
                highest = max(highest, int(found[serial.key] or "0"))
        number = str(highest + 1)
        if len(number) > serial.maximum:
            text = Text(f"{serial.name.zh}已用完。", f"{serial.name.en} is exhausted.")
            raise CodeError(CodeReason.EXHAUSTED, serial.key, 0, text)
        return self.build({**parts, serial.key: number.zfill(serial.minimum)})


def _check_rule(segments: tuple[Segment, ...]) -> None:
    keys = [segment.key for segment in segments]
    if not keys or len(set(keys)) != len(keys):
        raise _rule_error("", "代码段为空或重名", "no segments, or two of one key")
    if sum(segment.serial for segment in segments) > 1:
        raise _rule_error("", "顺序码只能有一段", "only one segment can be the serial number")
    separators = {char for segment in segments for char in segment.separator}
    for segment in segments:
        _check_segment(segment, separators)
    for group in _groups(segments):
        if sum(segment.varies for segment in group) > 1:
            key = next(segment.key for segment in group if segment.varies)
            raise _rule_error(
                key,
                "两个不定长的代码段之间须有分隔符",
                "two segments of free length need a separator between them",
            )


def _check_segment(segment: Segment, separators: set[str]) -> None:
    if not 0 <= segment.minimum <= segment.maximum or segment.maximum == 0:
        raise _rule_error(segment.key, "长度范围有误", "the length range is wrong")
    if not segment.width <= segment.maximum:
        raise _rule_error(segment.key, "补零宽度超过长度", "the padding is wider than the segment")
    if segment.serial and segment.alphabet is not Alphabet.DIGITS:
        raise _rule_error(segment.key, "顺序码须为数字", "the serial number is of digits")
    if separators & set(segment.alphabet.value):
        raise _rule_error(segment.key, "分隔符与字符集重叠", "a separator is also in the alphabet")
    for choice in segment.choices:
        try:
            _check_value(segment, choice, 0)
        except CodeError as error:
            raise _rule_error(segment.key, f"取值“{choice}”不合该段", str(error)) from error


def _groups(segments: tuple[Segment, ...]) -> tuple[tuple[Segment, ...], ...]:
    groups: list[list[Segment]] = []
    for segment in segments:
        if segment.separator or not groups:
            groups.append([])
        groups[-1].append(segment)
    return tuple(tuple(group) for group in groups)


def _pass_separator(segment: Segment, code: str, position: int) -> int:
    if not code.startswith(segment.separator, position):
        raise _separator_error(segment, position)
    return position + len(segment.separator)


def _find_next(following: Segment, group: tuple[Segment, ...], code: str, position: int) -> int:
    end = code.find(following.separator, position)
    if end >= 0:
        return end
    # No separator: a character that fits nowhere is the better complaint than a missing separator.
    longest = position + sum(segment.maximum for segment in group)
    _split_group(group, code, position, min(len(code), longest), {})
    raise _separator_error(following, min(len(code), longest))


def _split_group(
    group: tuple[Segment, ...], code: str, position: int, end: int, parts: dict[str, str]
) -> int:
    for segment in group:
        length = segment.maximum
        if segment.varies:
            length = max(0, end - position - _behind(group, segment))
        value = code[position : min(end, position + length)]
        _check_value(segment, value, position)
        parts[segment.key] = value
        position += len(value)
    if position < end:
        last = group[-1]
        text = Text(
            f"{last.name.zh}之后多出“{code[position:end]}”。",
            f"“{code[position:end]}” is left over behind {last.name.en}.",
        )
        raise CodeError(CodeReason.TOO_LONG, last.key, position, text)
    return position


def _behind(group: tuple[Segment, ...], segment: Segment) -> int:
    return sum(other.maximum for other in group[group.index(segment) + 1 :])


def _check_value(segment: Segment, value: str, position: int) -> None:
    for offset, char in enumerate(value):
        if char not in segment.alphabet.value:
            text = Text(
                f"{segment.name.zh}第{offset + 1}位“{char}”不是允许的字符。",
                f"Character {offset + 1} of {segment.name.en}, “{char}”, is not allowed.",
            )
            raise CodeError(CodeReason.CHARACTER, segment.key, position + offset, text)
    if not segment.minimum <= len(value) <= segment.maximum:
        raise _length_error(segment, value, position)
    if segment.choices and value not in segment.choices:
        allowed = "、".join(segment.choices)
        text = Text(
            f"{segment.name.zh}“{value}”不在取值范围内：{allowed}。",
            f"{segment.name.en} “{value}” is none of {', '.join(segment.choices)}.",
        )
        raise CodeError(CodeReason.CHOICE, segment.key, position, text)


def _length_error(segment: Segment, value: str, position: int) -> CodeError:
    span = f"{segment.minimum}"
    zh_span = f"{segment.minimum}位"
    if segment.varies:
        span, zh_span = f"{segment.minimum} to {segment.maximum}", f"{segment.minimum}至{segment.maximum}位"
    if not value:
        text = Text(
            f"缺少{segment.name.zh}，应为{zh_span}。", f"{segment.name.en} is missing: {span} characters."
        )
        return CodeError(CodeReason.MISSING, segment.key, position, text)
    text = Text(
        f"{segment.name.zh}“{value}”为{len(value)}位，应为{zh_span}。",
        f"{segment.name.en} “{value}” has {len(value)} characters, not {span}.",
    )
    reason = CodeReason.TOO_SHORT if len(value) < segment.minimum else CodeReason.TOO_LONG
    return CodeError(reason, segment.key, position, text)


def _separator_error(segment: Segment, position: int) -> CodeError:
    text = Text(
        f"{segment.name.zh}之前须有分隔符“{segment.separator}”。",
        f"A separator “{segment.separator}” is needed before {segment.name.en}.",
    )
    return CodeError(CodeReason.SEPARATOR, segment.key, position, text)


def _rule_error(segment: str, zh: str, en: str) -> CodeError:
    place_zh = f"编码规则的代码段“{segment}”" if segment else "编码规则"
    place_en = f"Segment “{segment}” of the code rule" if segment else "The code rule"
    return CodeError(CodeReason.RULE, segment, 0, Text(f"{place_zh}有误：{zh}。", f"{place_en}: {en}."))


_KEYS = frozenset(
    {"key", "name", "length", "minimum", "maximum", "alphabet", "separator", "choices", "serial", "width"}
)


def _segment(row: object) -> Segment:
    if not isinstance(row, Mapping) or not isinstance(row.get("key"), str):
        raise _rule_error("", "代码段须为带 key 的表", "a segment is a table with a key")
    key = str(row["key"])
    unknown = sorted(str(name) for name in row.keys() - _KEYS)
    if unknown:
        raise _rule_error(key, f"没有“{unknown[0]}”这一设置", f"“{unknown[0]}” is no setting")
    choices = row.get("choices", ())
    try:
        if not isinstance(choices, list | tuple):
            raise TypeError("choices is a list")
        return Segment(
            key=key,
            name=Text.of(row["name"]),
            minimum=_whole(row.get("length", row.get("minimum"))),
            maximum=_whole(row.get("length", row.get("maximum"))),
            alphabet=Alphabet[str(row.get("alphabet", "digits")).upper()],
            separator=str(row.get("separator", "")),
            choices=tuple(str(choice) for choice in choices),
            serial=row.get("serial", False) is True,
            width=_whole(row.get("width", 0)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _rule_error(key, f"设置有误（{error}）", f"a setting is wrong ({error})") from error


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("lengths are whole numbers")
    return value
