"""核对: numbers, dates, seals, registers and the form, each against what was read. Pure."""

from __future__ import annotations

from quancheng.capabilities.assistant import normal
from quancheng.capabilities.assistant.facts import Known, Subject, point_on
from quancheng.capabilities.assistant.kinds import FieldSpec, TypeSpec
from quancheng.capabilities.assistant.values import FieldRead, Outcome, PageRead, Point, PointKey, SealRead
from quancheng.core.text import Text

__all__ = ["answers", "issuer", "number", "register", "seal", "validity"]


def number(read: PageRead, spec: TypeSpec, known: Known) -> Point | None:
    """号码校验位."""
    wanted = [one for one in spec.fields if one.kind in {"uscc", "resident", "disability", "number"}]
    if not wanted:
        return None
    found = [read.fields[one.key] for one in wanted if one.key in read.fields]
    if not found:
        return Point(PointKey.NUMBER, Outcome.PERSON, 0.3, Text("没有读到号码。", "No number was read."))
    wrong = next((one for one in found if one.ok is False), None)
    if wrong is not None:
        name = spec.field(wrong.key).name
        sure = wrong.score >= known.limits.sure and read.quality.score >= known.limits.clear_score
        checkable = spec.field(wrong.key).kind != "number"
        return point_on(
            PointKey.NUMBER,
            Outcome.FAIL if sure and checkable else Outcome.PERSON,
            wrong,
            f"{name.zh}放大重读后仍通不过校验：证件有误，或者没有读准。",
            f"{name.en} fails its check even after a second, enlarged reading: it is wrong, or misread.",
            spec,
        )
    weakest = min(found, key=lambda one: one.score)
    twice = any(one.again for one in found)
    digits = any(spec.field(one.key).kind != "number" for one in found)
    plain = (
        Text("校验位相符。", "The check digits fit.")
        if digits
        else Text(
            "格式相符；这类号码没有可核的校验位。", "The form fits; such numbers have no known check digit."
        )
    )
    return point_on(
        PointKey.NUMBER,
        Outcome.PASS,
        weakest,
        plain.zh + ("第一遍没有读准，放大重读后通过。" if twice else ""),
        plain.en + (" The first reading failed, the enlarged one passed." if twice else ""),
        spec,
    )


def validity(read: PageRead, spec: TypeSpec, known: Known) -> Point | None:
    """有效期."""
    wanted = next((one for one in spec.fields if one.ends), None)
    if wanted is None:
        return None
    found = read.fields.get(wanted.key)
    if found is None or not found.ok:
        return Point(
            PointKey.VALIDITY,
            Outcome.PERSON,
            0.3,
            Text("没有读准有效期，请看图。", "The period was not read."),
        )
    if found.value.endswith(normal.LONG):
        return point_on(PointKey.VALIDITY, Outcome.PASS, found, "长期有效。", "Valid without end.", spec)
    end = normal.end_of(found.value)
    if end is None:
        return point_on(
            PointKey.VALIDITY, Outcome.PERSON, found, "没有读准截止日。", "No last day was read.", spec
        )
    if end < known.today:
        return point_on(
            PointKey.VALIDITY, Outcome.FAIL, found, f"已于{end}到期。", f"It expired on {end}.", spec
        )
    return point_on(PointKey.VALIDITY, Outcome.PASS, found, f"有效期到{end}。", f"Valid until {end}.", spec)


# -- seal and issuer -------------------------------------------------------------------------------
def seal(read: PageRead, spec: TypeSpec, known: Known) -> Point | None:
    """印章存在且与发证机关一致."""
    if not spec.seal:
        return None
    if not read.seals:
        if read.quality.colour < known.limits.grey:
            reason = Text(
                "图片是黑白的，看不出印章颜色，请核对原件。",
                "The picture is black and white; compare the original.",
            )
            return Point(PointKey.SEAL, Outcome.PERSON, 0.5, reason)
        reason = Text("应当盖章，图上没有找到红色印章。", "It should bear a seal; no red seal was found.")
        return Point(PointKey.SEAL, Outcome.FAIL, 0.8, reason)
    printed = read.value("issuer")
    best = max(read.seals, key=lambda one: (_fits(one, printed, spec), one.score))
    likeness = _fits(best, printed, spec)
    words = f"“{best.ring}”" + (f"（{best.purpose}）" if best.purpose else "")
    if likeness >= known.limits.seal_alike:
        zh = f"印章{words}与发证机关一致。" if printed else f"印章{words}属于这类证照的发证机关。"
        reason = Text(zh, f"The seal {words} is the issuer's.")
        return _of_seal(best, Outcome.PASS, min(likeness, 0.5 + best.score / 2), reason, printed)
    if best.score >= known.limits.sure and likeness < 0.5:
        wanted = printed or "、".join(spec.issuers)
        reason = Text(
            f"印章读作{words}，与发证机关“{wanted}”不符。",
            f"The seal reads {words}, which is not the issuer {wanted}.",
        )
        return _of_seal(best, Outcome.FAIL, best.score, reason, wanted)
    reason = Text(
        f"有印章，字没有读准{f'（读作{words}）' if best.ring else ''}，请看图。",
        "There is a seal; its words were not read surely. Look at the picture.",
    )
    return _of_seal(best, Outcome.PERSON, best.score, reason, printed)


def _of_seal(one: SealRead, outcome: Outcome, sure: float, reason: Text, expected: str) -> Point:
    return Point(PointKey.SEAL, outcome, round(sure, 4), reason, one.box, "", one.ring[:120], expected[:120])


def _fits(one: SealRead, printed: str, spec: TypeSpec) -> float:
    """How well a seal's ring fits the printed issuer, or an issuer of this type."""
    if printed:
        return normal.alike(one.ring, printed)
    return max((_ends(one.ring, end) for end in spec.issuers), default=0.0)


def _ends(text: str, end: str) -> float:
    """How well a name ends in ``end``, a character of junk after it allowed."""
    if text.endswith(end):
        return 1.0
    return normal.alike(text[-len(end) - 1 :], end) if len(text) > len(end) else 0.0


def issuer(read: PageRead, spec: TypeSpec, known: Known) -> Point | None:
    """发证机关: an office that issues this type."""
    if not spec.issuers:
        return None
    found = read.fields.get("issuer")
    if found is None:
        ring = max(read.seals, key=lambda one: one.score, default=None)
        if ring is None or not ring.ring:
            reason = Text("没有读到发证机关，请看图。", "No issuing office was read; look at the picture.")
            return Point(PointKey.ISSUER, Outcome.PERSON, 0.3, reason)
        found = FieldRead("", ring.ring, ring.score, None, ring.box)
    likeness = max(_ends(found.value, end) for end in spec.issuers)
    shown = found.value[:120]
    if likeness >= known.limits.seal_alike:
        reason = Text(f"{shown}是这类证照的发证机关。", f"{shown} issues this type.")
        return Point(PointKey.ISSUER, Outcome.PASS, found.score, reason, found.box, found.key, shown)
    usual, sure = "、".join(spec.issuers), found.score >= known.limits.sure
    reason = Text(
        f"读作{shown}；这类证照通常由{usual}发出。", f"Read as {shown}; such documents come from {usual}."
    )
    outcome = Outcome.FAIL if sure and found.key and likeness < 0.5 else Outcome.PERSON
    return Point(PointKey.ISSUER, outcome, found.score, reason, found.box, found.key, shown, usual)


# -- registers and the form ------------------------------------------------------------------------
def register(read: PageRead, spec: TypeSpec, known: Known) -> Point | None:
    """与登记库一致: the base of licences first, then the bases of firms and persons."""
    number = next(
        (read.fields[one.key] for one in spec.fields if one.licence and one.key in read.fields), None
    )
    if known.licence is not None and number is not None:
        return _licence(number, known, spec, read)
    wanted = [one for one in spec.fields if one.compare and one.key in read.fields]
    if not wanted or not known.asked:
        return None
    about = next((read.fields[one.key] for one in wanted if one.compare == "number"), None)
    if known.register is None:
        reason = Text(
            "登记库中没有这个号码，可能登记在外地或号码有误，请判断。",
            "The register has no such number: registered elsewhere, or wrong. Judge.",
        )
        box = about.box if about else None
        return Point(PointKey.REGISTER, Outcome.PERSON, 0.6, reason, box, about.key if about else "")
    wrong = [one for one in wanted if not _same(read.fields[one.key].value, one, known.register)]
    if not wrong:
        names = "、".join(one.name.zh for one in wanted)
        names_en = ", ".join(one.name.en for one in wanted)
        reason = Text(f"与登记库一致：{names}。", f"Agree with the register: {names_en}.")
        score = min(read.fields[one.key].score for one in wanted)
        return Point(PointKey.REGISTER, Outcome.PASS, score, reason, about.box if about else None)
    return _unlike(wrong, read, known, known.register, spec)


def _unlike(wrong: list[FieldSpec], read: PageRead, known: Known, held: Subject, spec: TypeSpec) -> Point:
    names = "、".join(one.name.zh for one in wrong)
    names_en = ", ".join(one.name.en for one in wrong)
    first = read.fields[wrong[0].key]
    grave = [one for one in wrong if one.compare in {"name", "legal_person", "sex", "birth_date"}]
    sure = any(read.fields[one.key].score >= known.limits.sure for one in grave)
    return point_on(
        PointKey.REGISTER,
        Outcome.FAIL if grave and sure else Outcome.PERSON,
        first,
        f"与登记库不同：{names}。" + ("" if grave else "地址、日期可能已变更，请判断。"),
        f"Not as in the register: {names_en}."
        + ("" if grave else " Addresses and dates may have changed; judge."),
        spec,
        expected=_held(wrong[0], held)[:120],
    )


def _licence(number: FieldRead, known: Known, spec: TypeSpec, read: PageRead) -> Point:
    held = known.licence
    assert held is not None
    if not held.good:
        zh, en = f"证照库：{held.state.zh}。", f"Base of licences: {held.state.en}."
        return point_on(PointKey.REGISTER, Outcome.FAIL, number, zh, en, spec)
    owner = next((read.value(one.key) for one in spec.fields if one.compare == "name"), "")
    if owner and normal.alike(owner, normal.normal("name", held.holder)) < known.limits.name_alike:
        zh, en = "证照库中这个证号属于别的主体。", "In the base of licences this number is another holder's."
        return point_on(PointKey.REGISTER, Outcome.FAIL, number, zh, en, spec, expected=held.holder)
    zh, en = "证照库中有这张证照，有效。", "The base of licences holds it as valid."
    return point_on(PointKey.REGISTER, Outcome.PASS, number, zh, en, spec)


def _held(one: FieldSpec, held: Subject) -> str:
    return str(getattr(held, one.compare))


def _same(value: str, one: FieldSpec, held: Subject) -> bool:
    """Whether a value agrees with the register; what the register does not say agrees."""
    wanted = _held(one, held)
    if not wanted:
        return True
    if one.compare == "number":
        return value[: len(wanted)] == wanted
    if one.compare == "address":
        return normal.alike(value, wanted) >= 0.8
    return value == normal.normal(one.kind, wanted)


def answers(read: PageRead, spec: TypeSpec, known: Known) -> Point | None:
    """与填报内容一致: the form's own answers."""
    pairs = [
        (one, read.fields[one.key], *known.answers[key])
        for one in spec.fields
        for key in one.answers
        if key in known.answers and one.key in read.fields
    ]
    if not pairs:
        return None
    for one, found, label, answer in pairs:
        if normal.normal(one.kind, answer) != found.value:
            return point_on(
                PointKey.ANSWERS,
                Outcome.FAIL if found.score >= known.limits.sure else Outcome.PERSON,
                found,
                f"{one.name.zh}与表中“{label.zh}”不同。",
                f"{one.name.en} differs from “{label.en}” on the form.",
                spec,
                expected=normal.masked(one.kind, normal.normal(one.kind, answer))[:120],
            )
    names = "、".join(label.zh for _, _, label, _ in pairs)
    names_en = ", ".join(label.en for _, _, label, _ in pairs)
    return point_on(
        PointKey.ANSWERS,
        Outcome.PASS,
        pairs[0][1],
        f"与填报一致：{names}。",
        f"As on the form: {names_en}.",
        spec,
    )
