"""审查要点: what was read against what is known; one finding for each point. Pure.

What is sure and agrees passes, what is sure and contradicts fails, everything else goes to a person
with the reason. The machine never decides the case.
"""

from __future__ import annotations

from collections.abc import Callable

from quancheng.capabilities.assistant import comparing, owning
from quancheng.capabilities.assistant.facts import Known
from quancheng.capabilities.assistant.kinds import FieldSpec, TypeSpec, kind
from quancheng.capabilities.assistant.values import Outcome, PageRead, Point, PointKey
from quancheng.core.text import Text

__all__ = ["judge", "unreadable"]

Rule = Callable[[PageRead, TypeSpec, Known], Point | None]

_RULES: tuple[Rule, ...] = (
    owning.owner,
    owning.name,
    comparing.number,
    comparing.validity,
    comparing.seal,
    comparing.issuer,
    comparing.register,
    comparing.answers,
)


def judge(read: PageRead, known: Known) -> list[Point]:
    """The findings on one picture, in the order of ``PointKey``."""
    points = [_clarity(read, known), _type(read, known)]
    spec = kind(read.type)
    if spec is not None:
        found = (rule(read, spec, known) for rule in _RULES)
        points += [one for one in found if one is not None]
    return points


def unreadable(reason: Text) -> list[Point]:
    """The one finding on a file that cannot be opened as a picture."""
    return [Point(PointKey.CLARITY, Outcome.FAIL, 1.0, reason)]


# -- the picture ---------------------------------------------------------------------------------
def _clarity(read: PageRead, known: Known) -> Point:
    quality, limits = read.quality, known.limits
    if not quality.lines:
        reason = Text(
            "图上没有读到文字：可能不是证照的照片，或者拍得太模糊。",
            "No text was found: this may be no document, or the picture is too blurred.",
        )
        return Point(PointKey.CLARITY, Outcome.FAIL, 0.9, reason)
    spec = kind(read.type)
    share = _share(read, spec)
    detail_zh = f"{quality.lines}行文字，平均可信度{quality.score:.0%}，字高{quality.text_height:.0f}像素"
    detail_en = (
        f"{quality.lines} lines, mean score {quality.score:.0%}, letters {quality.text_height:.0f} pixels"
    )
    good = quality.score >= limits.clear_score and quality.text_height >= limits.clear_height
    if good and share >= limits.clear_share:
        return Point(
            PointKey.CLARITY,
            Outcome.PASS,
            quality.score,
            Text(f"清晰：{detail_zh}。", f"Clear: {detail_en}."),
        )
    if spec is not None and share < limits.clear_share:
        missing = [one for one in spec.fields if not _skippable(one) and one.key not in read.fields]
        names = "、".join(one.name.zh for one in missing)
        names_en = ", ".join(one.name.en for one in missing)
        reason = Text(f"有内容没读到：{names}。请看图。", f"Not read: {names_en}. Look at the picture.")
    else:
        reason = Text(
            f"不够清晰：{detail_zh}。请看图。", f"Not quite clear: {detail_en}. Look at the picture."
        )
    return Point(PointKey.CLARITY, Outcome.PERSON, quality.score, reason)


def _type(read: PageRead, known: Known) -> Point:
    spec = kind(read.type)
    wanted_zh = "或".join(one.name.zh for code in known.expected if (one := kind(code)))
    wanted_en = " or ".join(one.name.en for code in known.expected if (one := kind(code)))
    if spec is None:
        outcome = Outcome.FAIL if not read.quality.lines else Outcome.PERSON
        reason = Text(
            f"认不出是哪种证照；材料要求：{known.material.zh}。",
            f"Not recognised as any licence; the material asked for is: {known.material.en}.",
        )
        return Point(PointKey.TYPE, outcome, 0.8 if outcome is Outcome.FAIL else 0.5, reason)
    if not known.expected:
        reason = Text(
            f"读作{spec.name.zh}；材料要求：{known.material.zh}，请判断是否可用。",
            f"Read as {spec.name.en}; the material asked for is: {known.material.en}. Judge whether it will do.",
        )
        return Point(PointKey.TYPE, Outcome.PERSON, read.type_score, reason, read=spec.name.zh)
    if spec.code in known.expected:
        reason = Text(f"是{spec.name.zh}。", f"It is a {spec.name.en}.")
        outcome = Outcome.PASS if read.type_score >= 0.55 else Outcome.PERSON
        return Point(PointKey.TYPE, outcome, read.type_score, reason, read=spec.name.zh)
    reason = Text(
        f"要求{wanted_zh}，图上是{spec.name.zh}。",
        f"Asked for {wanted_en}, the picture shows a {spec.name.en}.",
    )
    outcome = Outcome.FAIL if read.type_score >= 0.7 else Outcome.PERSON
    return Point(PointKey.TYPE, outcome, read.type_score, reason, read=spec.name.zh, expected=wanted_zh)


def _share(read: PageRead, spec: TypeSpec | None) -> float:
    """How many of the type's fields were read; 1 for a page of no known type."""
    wanted = [one.key for one in spec.fields if not _skippable(one)] if spec else []
    return sum(key in read.fields for key in wanted) / len(wanted) if wanted else 1.0


def _skippable(one: FieldSpec) -> bool:
    return one.optional or one.marker
