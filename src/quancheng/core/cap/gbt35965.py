"""GB/T 35965.1-2018 突发事件预警信息: its terms in CAP, and the four colours.

The standard is CAP-shaped, but its text was not at hand: each row says whether it is certain. Do
not send these to a national platform before the uncertain rows are checked against the text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from quancheng.core.text import Text

from .model import Info, Named, Severity

__all__ = ["CONCEPTS", "Colour", "Concept", "colour_of", "with_colour"]


class Colour(StrEnum):
    """预警级别颜色: red is the gravest."""

    RED = "Red"
    ORANGE = "Orange"
    YELLOW = "Yellow"
    BLUE = "Blue"

    @property
    def text(self) -> Text:
        """The colour's name and level."""
        return _NAMES[self]

    @property
    def severity(self) -> Severity:
        """The CAP severity that stands for the colour."""
        return _SEVERITIES[self]


_NAMES = MappingProxyType(
    {
        Colour.RED: Text("红色（Ⅰ级，特别严重）", "Red (level I, most severe)"),
        Colour.ORANGE: Text("橙色（Ⅱ级，严重）", "Orange (level II, severe)"),
        Colour.YELLOW: Text("黄色（Ⅲ级，较重）", "Yellow (level III, fairly severe)"),
        Colour.BLUE: Text("蓝色（Ⅳ级，一般）", "Blue (level IV, ordinary)"),
    }
)
_SEVERITIES = MappingProxyType(
    {
        Colour.RED: Severity.EXTREME,
        Colour.ORANGE: Severity.SEVERE,
        Colour.YELLOW: Severity.MODERATE,
        Colour.BLUE: Severity.MINOR,
    }
)
_PARAMETER = "ColorCode"


@dataclass(frozen=True, slots=True)
class Concept:
    """A term of the Chinese standard, where it goes in CAP, and whether that is certain."""

    text: Text
    cap: str
    certain: bool
    note: Text


_SAME = Text("与 CAP 同义", "the same as in CAP")
_CHECK = Text("须对照标准原文", "check against the standard's text")
CONCEPTS: tuple[Concept, ...] = (
    Concept(Text("预警信息标识", "Message identifier"), "alert.identifier", True, _SAME),
    Concept(Text("发布单位编码", "Issuer code"), "alert.sender", False, _CHECK),
    Concept(Text("发布时间", "Time sent"), "alert.sent", True, _SAME),
    Concept(Text("信息状态", "Status"), "alert.status", True, _SAME),
    Concept(Text("信息类型", "Message type"), "alert.msgType", True, _SAME),
    Concept(Text("发布范围", "Scope"), "alert.scope", True, _SAME),
    Concept(Text("关联预警", "Related messages"), "alert.references", True, _SAME),
    Concept(
        Text("事件类型编码", "Event type code"),
        "info.eventCode",
        False,
        Text("取 GB/T 35561 编码，名称待核", "a GB/T 35561 code; its value name to be checked"),
    ),
    Concept(
        Text("预警级别", "Warning level"),
        f"info.severity, info.parameter[{_PARAMETER}]",
        False,
        Text("颜色与严重程度一一对应为惯例", "colour to severity one to one, by custom"),
    ),
    Concept(Text("发布单位名称", "Issuer name"), "info.senderName", True, _SAME),
    Concept(Text("预警标题", "Headline"), "info.headline", True, _SAME),
    Concept(Text("预警正文", "Description"), "info.description", True, _SAME),
    Concept(Text("防御指南", "Instruction"), "info.instruction", True, _SAME),
    Concept(Text("影响区域编码", "Area code"), "info.area.geocode", False, _CHECK),
)


def with_colour(info: Info, colour: Colour) -> Info:
    """Return the info with the colour's severity and its parameter, replacing an earlier one."""
    kept = tuple(p for p in info.parameters if p.name != _PARAMETER)
    parameters = (*kept, Named(_PARAMETER, colour.value))
    return replace(info, severity=colour.severity, parameters=parameters)


def colour_of(info: Info) -> Colour | None:
    """The colour a message names, or that its severity stands for; ``None`` if neither does."""
    for parameter in info.parameters:
        if parameter.name == _PARAMETER:
            return next((c for c in Colour if c.value == parameter.value), None)
    return next((c for c in Colour if c.severity is info.severity), None)
