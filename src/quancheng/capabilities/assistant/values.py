"""Frozen values the assistant speaks in (读取结果、审查要点). No tables, no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from quancheng.core.text import Text

__all__ = ["Box", "FieldRead", "Outcome", "PageRead", "Point", "PointKey", "Quality", "ReadState", "SealRead"]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the picture as shown."""


class Outcome(StrEnum):
    """What a review point came to; the words of ``services``' checks."""

    PASS = "pass"  # noqa: S105  an outcome, no secret
    FAIL = "fail"
    PERSON = "person-decides"

    @property
    def text(self) -> Text:
        return {
            Outcome.PASS: Text("相符", "Agrees"),
            Outcome.FAIL: Text("不符", "Does not agree"),
            Outcome.PERSON: Text("请您判断", "For you to judge"),
        }[self]


class ReadState(StrEnum):
    """Where the reading of one picture stands."""

    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"

    @property
    def text(self) -> Text:
        return {
            ReadState.WAITING: Text("等待读取", "Waiting"),
            ReadState.READING: Text("正在读取", "Being read"),
            ReadState.DONE: Text("已读取", "Read"),
            ReadState.FAILED: Text("读取失败", "Failed"),
        }[self]


class PointKey(StrEnum):
    """审查要点: what is looked at on each document, in this order."""

    CLARITY = "clarity"
    TYPE = "type"
    OWNER = "owner"
    NAME = "name"
    NUMBER = "number"
    VALIDITY = "validity"
    SEAL = "seal"
    ISSUER = "issuer"
    REGISTER = "register"
    ANSWERS = "answers"

    @property
    def text(self) -> Text:
        return _POINTS[self]


_POINTS = {
    PointKey.CLARITY: Text("清晰度", "Legibility"),
    PointKey.TYPE: Text("类型相符", "Right type of document"),
    PointKey.OWNER: Text("属于申请人本人", "The applicant's own"),
    PointKey.NAME: Text("姓名一致", "Name agrees"),
    PointKey.NUMBER: Text("号码校验位", "Check digit of the number"),
    PointKey.VALIDITY: Text("有效期", "Still valid"),
    PointKey.SEAL: Text("印章存在且与发证机关一致", "Seal present and the issuer's"),
    PointKey.ISSUER: Text("发证机关", "Issuing office"),
    PointKey.REGISTER: Text("与登记库一致", "Agrees with the register"),
    PointKey.ANSWERS: Text("与填报内容一致", "Agrees with the form"),
}


@dataclass(frozen=True, slots=True)
class FieldRead:
    """One field as read: normalised value, score 0…1, check (None: nothing to check)."""

    key: str
    value: str
    score: float
    ok: bool | None
    box: Box
    again: bool = False
    """It took a second, enlarged reading."""


@dataclass(frozen=True, slots=True)
class SealRead:
    """One seal: where, what its ring and the words below the star say."""

    box: Box
    ring: str
    purpose: str
    score: float
    is_round: bool = True


@dataclass(frozen=True, slots=True)
class Quality:
    """How legible the picture is."""

    lines: int = 0
    score: float = 0.0
    """Mean score of the lines, weighted by length."""
    text_height: float = 0.0
    """Median height of lines in pixels."""
    sharpness: float = 0.0
    """Variance of the Laplacian where text stands."""
    colour: float = 255.0
    """Spread of the colour channels; near 0 on a black and white copy."""


@dataclass(frozen=True, slots=True)
class PageRead:
    """All that was read on one picture."""

    width: int
    height: int
    type: str
    """Code of the recognised type, empty when none."""
    type_score: float
    turn: float
    fields: Mapping[str, FieldRead] = field(default_factory=dict)
    seals: tuple[SealRead, ...] = ()
    quality: Quality = Quality()
    lines: tuple[str, ...] = ()
    """The words of every line; used while judging, not kept."""

    def value(self, key: str) -> str:
        """A field's value, empty when it was not read."""
        found = self.fields.get(key)
        return found.value if found else ""


@dataclass(frozen=True, slots=True)
class Point:
    """One review point judged by the machine (一个审查要点一条结论)."""

    key: PointKey
    outcome: Outcome
    confidence: float
    reason: Text
    box: Box | None = None
    """What to look at on the picture."""
    field: str = ""
    read: str = ""
    """As read, numbers with their middle hidden."""
    expected: str = ""
