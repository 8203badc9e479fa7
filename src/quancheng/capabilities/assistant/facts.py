"""事实: what is known about a case when its pictures are judged. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from quancheng.capabilities.assistant import normal
from quancheng.capabilities.assistant.kinds import TypeSpec
from quancheng.capabilities.assistant.values import FieldRead, Outcome, Point, PointKey
from quancheng.core.text import Text

__all__ = ["Known", "LicenceFact", "Limits", "Subject", "point_on"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A person or firm as a register knows it; empty = the register does not say."""

    kind: str
    name: str
    number: str
    legal_person: str = ""
    sex: str = ""
    birth_date: str = ""
    address: str = ""
    established: str = ""


@dataclass(frozen=True, slots=True)
class LicenceFact:
    """The licence as the base of licences knows it (证照库)."""

    number: str
    holder: str
    good: bool
    state: Text


@dataclass(frozen=True, slots=True)
class Limits:
    """Dated parameters of judging (``resources/parameters.toml``)."""

    clear_score: float
    clear_height: float
    clear_share: float
    name_alike: float
    seal_alike: float
    sure: float
    grey: float


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known about the applicant, the material and the numbers on the page."""

    today: date
    limits: Limits
    material: Text
    expected: tuple[str, ...] = ()
    applicant: Subject | None = None
    agent: Subject | None = None
    """The firm's legal representative where a firm applies."""
    answers: Mapping[str, tuple[Text, str]] = field(default_factory=dict)
    """Form key → label and answer."""
    register: Subject | None = None
    """What the register says of the number on the page."""
    asked: bool = False
    """The register was asked."""
    licence: LicenceFact | None = None
    licence_asked: bool = False


def point_on(
    key: PointKey, outcome: Outcome, one: FieldRead, zh: str, en: str, spec: TypeSpec, expected: str = ""
) -> Point:
    """A finding on one field, with its place on the picture and its value, numbers masked."""
    shown = normal.masked(spec.field(one.key).kind, one.value)
    return Point(key, outcome, one.score, Text(zh, en), one.box, one.key, shown, expected)
