"""归属: whose document it is, and whether the names agree. Pure."""

from __future__ import annotations

from quancheng.capabilities.assistant import normal
from quancheng.capabilities.assistant.facts import Known, Limits, Subject, point_on
from quancheng.capabilities.assistant.kinds import TypeSpec
from quancheng.capabilities.assistant.values import FieldRead, Outcome, PageRead, Point, PointKey
from quancheng.core.text import Text

__all__ = ["name", "owner"]


def owner(read: PageRead, spec: TypeSpec, known: Known) -> Point | None:
    """属于申请人本人."""
    if spec.holder == "none" or known.applicant is None:
        return None
    numbers = _numbers(read, spec)
    for one in numbers:
        if known.applicant.number and _bare(one) == known.applicant.number:
            return point_on(
                PointKey.OWNER,
                Outcome.PASS,
                one,
                "号码就是申请人的。",
                "The number is the applicant's.",
                spec,
            )
    for one in numbers:
        if (other := _allowed_other(one, spec, known)) is not None:
            return point_on(PointKey.OWNER, Outcome.PERSON, one, other.zh, other.en, spec)
    sure = [one for one in numbers if one.ok]
    if sure:
        who = _holder_name(read, spec)
        return point_on(
            PointKey.OWNER,
            Outcome.FAIL,
            sure[0],
            f"这是{who or '别人'}的证件，号码与申请人{known.applicant.name}不同。",
            f"This is {who or 'somebody else'}'s; the number is not that of {known.applicant.name}.",
            spec,
            expected=normal.masked("resident", known.applicant.number),
        )
    return _owner_by_name(read, spec, known.applicant, known.limits)


def _owner_by_name(read: PageRead, spec: TypeSpec, applicant: Subject, limits: Limits) -> Point:
    names = _names(read, spec)
    best = max(names, key=lambda one: normal.alike(one.value, applicant.name), default=None)
    if best is None:
        reason = Text(
            "没有读到姓名和号码，请看图判断。", "Neither name nor number was read; look at the picture."
        )
        return Point(PointKey.OWNER, Outcome.PERSON, 0.3, reason)
    has_number = any(one.compare == "number" or one.kind == "resident" for one in spec.fields)
    if best.value == normal.normal("name", applicant.name):
        outcome = Outcome.PERSON if has_number else Outcome.PASS
        zh = (
            "姓名相同，号码没有读准，请核对号码。"
            if has_number
            else "姓名就是申请人的；这种证件上没有身份号码。"
        )
        en = (
            "The name is the same; the number was not read surely, compare it."
            if has_number
            else "The name is the applicant's; this kind of document has no identity number."
        )
        return point_on(PointKey.OWNER, outcome, best, zh, en, spec)
    near = normal.alike(best.value, applicant.name) >= limits.name_alike
    outcome = Outcome.PERSON if near or has_number else Outcome.FAIL
    return point_on(
        PointKey.OWNER,
        outcome,
        best,
        f"证件上是{best.value}，申请人是{applicant.name}。",
        f"The document names {best.value}, the applicant is {applicant.name}.",
        spec,
        expected=applicant.name,
    )


def _allowed_other(one: FieldRead, spec: TypeSpec, known: Known) -> Text | None:
    """Why somebody else's number may be right: the form names it, or a firm's representative."""
    bare = _bare(one)
    for label, answer in known.answers.values():
        if normal.normal("resident", answer) == bare:
            return Text(
                f"不是申请人的号码，与表中“{label.zh}”一致，请判断。",
                f"Not the applicant's number but the one given as “{label.en}”; judge.",
            )
    if known.agent is not None and known.agent.number == bare:
        return Text(
            "是申请企业法定代表人的号码，请判断。",
            "It is the number of the firm's legal representative; judge.",
        )
    if spec.holder == "firm" and known.applicant is not None and known.applicant.kind == "person":
        return Text(
            "申请人是个人，这是企业的证照，请判断两者关系。",
            "The applicant is a person and this is a firm's licence; judge how they belong together.",
        )
    return None


def name(read: PageRead, spec: TypeSpec, known: Known) -> Point | None:
    """姓名一致."""
    if spec.holder == "none" or known.applicant is None:
        return None
    names = _names(read, spec)
    if not names:
        return Point(PointKey.NAME, Outcome.PERSON, 0.3, Text("没有读到姓名或名称。", "No name was read."))
    wanted = known.applicant.name
    best = max(names, key=lambda one: normal.alike(one.value, wanted))
    likeness = normal.alike(best.value, normal.normal("name", wanted))
    if best.value == normal.normal("name", wanted):
        return point_on(PointKey.NAME, Outcome.PASS, best, "与申请人一致。", "It is the applicant's.", spec)
    near = likeness >= known.limits.name_alike or best.score < known.limits.sure
    return point_on(
        PointKey.NAME,
        Outcome.PERSON if near else Outcome.FAIL,
        best,
        f"读作{best.value}，申请人是{wanted}。" + ("可能是识别误差，请看图。" if near else ""),
        f"Read as {best.value}, the applicant is {wanted}."
        + (" It may be misread; look at the picture." if near else ""),
        spec,
        expected=wanted,
    )


def _numbers(read: PageRead, spec: TypeSpec) -> list[FieldRead]:
    """Fields that tell whose document it is."""
    keys = [
        one.key for one in spec.fields if one.compare == "number" or (one.person and one.kind == "resident")
    ]
    return [read.fields[key] for key in keys if key in read.fields]


def _names(read: PageRead, spec: TypeSpec) -> list[FieldRead]:
    keys = [one.key for one in spec.fields if one.compare == "name" or (one.person and one.kind == "name")]
    return [read.fields[key] for key in keys if key in read.fields]


def _holder_name(read: PageRead, spec: TypeSpec) -> str:
    return "、".join(one.value for one in _names(read, spec))


def _bare(one: FieldRead) -> str:
    """The person's number inside a disability certificate's number."""
    return one.value[:18] if len(one.value) == 20 else one.value
