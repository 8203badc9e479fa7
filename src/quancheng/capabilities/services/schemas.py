"""Shapes of the services API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import Field, Schema

from quancheng.kernel.problems import Bilingual


class MatterOut(Schema):
    """事项."""

    code: str
    name: Bilingual
    summary: Bilingual
    zones: list[str]
    online: bool
    applicant: str


class MatterPage(Schema):
    items: list[MatterOut]
    next: str | None
    previous: str | None


class FieldOut(Schema):
    key: str
    label: Bilingual
    kind: str
    required: bool
    locked: bool
    options: list[dict[str, Any]]


class ConditionOut(Schema):
    id: str
    text: Bilingual
    basis: Bilingual


class MaterialOut(Schema):
    key: str
    name: Bilingual
    source: str
    how: Bilingual
    required: bool


class GroundOut(Schema):
    id: str
    text: Bilingual
    basis: Bilingual


class MatterDetail(MatterOut):
    """事项指南."""

    version: int
    legal_days: int
    promised_days: int
    basis: list[Bilingual]
    conditions: list[ConditionOut]
    materials: list[MaterialOut]
    fields: list[FieldOut]
    grounds_of_refusal: list[GroundOut]
    result: Bilingual


class FindingOut(Schema):
    """审查结论."""

    condition: str
    outcome: str = Field(description="pass, fail or person-decides")
    reason: Bilingual
    citation: Bilingual
    rule: str
    evidence: dict[str, Any]
    simulated: bool


class EligibilityOut(Schema):
    """资格预判; outcome is null when it cannot be judged, and problem says why."""

    outcome: str | None
    findings: list[FindingOut]
    problem: Bilingual | None


class FileOut(Schema):
    id: int
    material: str
    media_type: str
    size: int
    width: int
    height: int
    sha256: str


class Submission(Schema):
    """提交: answers by field key; uploads come before, to ``/matters/{code}/files/{material}``."""

    matter: str = Field(max_length=60)
    form: dict[str, Any] = Field(default_factory=dict, max_length=100)
    insist: bool = Field(False, description="submit although a condition is not met; an official decides")


class Correction(Schema):
    form: dict[str, Any] = Field(default_factory=dict, max_length=100)


class Decision(Schema):
    """办理决定."""

    verb: str = Field(description="claim, approve, return, refuse or note", max_length=20)
    revision: int | None = Field(
        None, ge=0, le=2**31 - 1, description="the revision it was decided on; needed but for note"
    )
    reason: str = Field("", max_length=2000)
    ground: str = Field("", max_length=60)


class Rating(Schema):
    score: int = Field(ge=1, le=5)
    text: str = Field("", max_length=300)


class Withdrawal(Schema):
    reason: str = Field("", max_length=500)


class EventOut(Schema):
    at: datetime
    kind: str
    text: Bilingual
    reason: str


class CaseOut(Schema):
    """办件."""

    receipt: str
    matter: str
    matter_name: Bilingual
    state: str
    state_name: Bilingual
    department: Bilingual
    region: str
    submitted_at: datetime
    due_on: date | None
    suspended: bool
    decided_at: datetime | None
    licence: str
    revision: int
    simulated: bool


class CaseDetail(CaseOut):
    """办件详情; sensitive answers are masked."""

    applicant: str
    answers: dict[str, str]
    provenance: dict[str, Any]
    findings: list[FindingOut]
    files: list[FileOut]
    history: list[EventOut]
    decision: dict[str, Any]
    steps: list[str]


class CasePage(Schema):
    items: list[CaseOut]
    next: str | None
    previous: str | None


class Paging(Schema):
    cursor: str = Field("", max_length=500)
    size: int = Field(25, ge=1, le=200)


class MatterFilters(Paging):
    q: str = Field("", max_length=100, description="search words; the answer is then one ranked page")
    zone: str = Field("", max_length=60)
    online: bool = False


class MineFilters(Paging):
    state: str = Field("", max_length=12, description="open or done")


class InboxFilters(Paging):
    q: str = Field("", max_length=60)
    state: str = Field("", max_length=12, description="empty waits; a state, done or all")
    matter: str = Field("", max_length=60)
    region: str = Field("", max_length=12)
    due: str = Field("", max_length=10, description="overdue, today or week")
