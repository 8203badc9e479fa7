"""无证明阶梯: how each material of a matter is obtained for one applicant. Pure.

直接取消 → 数据查询 → 部门核验 → 告知承诺 → 帮办代办 → 网上或掌上提交 (规划四(一)4). ``resolve`` walks the
rungs a material allows and takes the first that succeeds; why each higher one failed is kept.
Trust levels follow 国办函〔2016〕108号: A issued by an agency, B confirmed by one, C a copy seen by staff,
D made or declared by the applicant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from quancheng.capabilities.services.elements import Material, Rung, Way
from quancheng.capabilities.services.spec import MatterSpec
from quancheng.core.text import Text

__all__ = [
    "Known", "MatterRate", "Rates", "Resolution", "Tried", "Trust", "Verification", "from_stored", "rate", "resolve",
    "resolve_all", "stored", "to_bring", "verifications_needed",
]  # fmt: skip


class Trust(StrEnum):
    """可信等级 of what a material rests on."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    @property
    def text(self) -> Text:
        return _TRUST[self]


_TRUST = {
    Trust.A: Text("A级：由机关签发或登记", "A: issued or registered by an agency"),
    Trust.B: Text("B级：由主管部门核实", "B: confirmed by the department in charge"),
    Trust.C: Text("C级：工作人员比对过原件", "C: compared with the original by staff"),
    Trust.D: Text("D级：申请人自备或承诺", "D: made or declared by the applicant"),
}
_TRUST_OF = {
    Rung.QUERY: Trust.A, Rung.VERIFY: Trust.B, Rung.PROMISE: Trust.D, Rung.ASSIST: Trust.C, Rung.ONLINE: Trust.D,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one applicant when the ladder is walked; built once by the shell.

    ``facts`` as ``people.queries.prefill`` gives them; ``licences`` the types held and valid today;
    ``refused`` keys of materials whose query was not consented to; ``unanswered`` materials a department
    could not confirm, with its reason; ``promise_barred`` why the applicant may not declare
    (国办发〔2020〕42号: a broken promise or a grave record, until repaired).
    """

    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    licences: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    wants_help: bool = False
    refused: frozenset[str] = frozenset()
    unanswered: Mapping[str, Text] = field(default_factory=dict)
    promise_barred: Text | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """A rung that did not succeed, and why (未采用的方式)."""

    rung: Rung
    why: Text


@dataclass(frozen=True, slots=True)
class Resolution:
    """How one material is obtained for one applicant (取得方式的确定)."""

    material: str
    rung: Rung | None
    """None: no rung it allows succeeded; it has to be brought to a desk."""
    why: Text
    provenance: Mapping[str, Any] = field(default_factory=dict)
    trust: Trust | None = None
    """None where nothing is needed, or nothing was found."""
    tried: tuple[Tried, ...] = ()

    @property
    def spared(self) -> bool:
        """Whether the applicant need not bring it."""
        return self.rung is not None and self.rung.spared


@dataclass(frozen=True, slots=True)
class Verification:
    """A question to a department that a case must ask (部门核验)."""

    material: str
    department: str
    days: str
    """Id of the dated parameter of working days."""
    question: Text


_Answer = tuple[bool, Text, dict[str, Any]]


def resolve(material: Material, known: Known | None) -> Resolution:
    """The first rung that succeeds for this applicant; ``known`` None means nobody in particular.

    For nobody in particular the ladder shows what most people meet: its first rung.
    """
    tried: list[Tried] = []
    for way in material.ladder:
        succeeded, why, provenance = _WALK[way.rung](material, way, known)
        if succeeded:
            return Resolution(material.key, way.rung, why, provenance, _TRUST_OF.get(way.rung), tuple(tried))
        tried.append(Tried(way.rung, why))
    why = Text(
        "以上方式都不能取得，请带原件到窗口，由工作人员协助办理。",
        "None of these ways works; bring the original to a desk and staff will help.",
    )
    return Resolution(material.key, None, why, {}, None, tuple(tried))


def resolve_all(spec: MatterSpec, known: Known | None) -> tuple[Resolution, ...]:
    """All materials of a matter, in its order."""
    return tuple(resolve(row, known) for row in spec.material)


def to_bring(spec: MatterSpec, resolutions: Iterable[Resolution]) -> tuple[Material, ...]:
    """The required materials this applicant must hand in as files."""
    bare = {one.material for one in resolutions if not one.spared}
    return tuple(row for row in spec.material if row.key in bare and row.required and row.upload is not None)


def verifications_needed(spec: MatterSpec, resolutions: Iterable[Resolution]) -> tuple[Verification, ...]:
    """The questions to departments that follow from the resolutions of a case."""
    by_key = {row.key: row for row in spec.material}
    found = []
    for one in resolutions:
        material = by_key.get(one.material)
        if one.rung is not Rung.VERIFY or material is None:
            continue
        way = next(way for way in material.ladder if way.rung is Rung.VERIFY)
        question = (way.question or material.name).text
        found.append(Verification(one.material, str(way.department), str(way.days), question))
    return tuple(found)


# -- each rung -------------------------------------------------------------------------------------
def _dropped(material: Material, way: Way, known: Known | None) -> _Answer:
    words = way.reason.text if way.reason else Text("不再要求。", "Asked for no more.")
    return True, words, {"reason": words.to_dict()}


def _query(material: Material, way: Way, known: Known | None) -> _Answer:
    purpose = way.purpose.text.to_dict() if way.purpose else {}
    if known is not None and material.key in known.refused:
        return (
            False,
            Text(
                "您不同意查询，需要用下面的方式。", "You did not consent to the query; another way is needed."
            ),
            {},
        )
    if way.base is not None:
        name = way.base.text
        return True, Text(f"由系统向{name.zh}查询。", f"Queried from: {name.en}."), {
            "base": name.to_dict(), "purpose": purpose,
        }  # fmt: skip
    if way.licence is not None:
        provenance = {"licence": way.licence, "purpose": purpose}
        if known is None or way.licence in known.licences:
            return (
                True,
                Text("调取您卡包中的电子证照。", "Taken from the licence in your wallet."),
                provenance,
            )
        return (
            False,
            Text("卡包中没有这种有效的电子证照。", "No valid licence of this kind in your wallet."),
            {},
        )
    fact = known.facts.get(str(way.fact)) if known is not None else None
    if known is None:
        return (
            True,
            Text("由系统查询登记库。", "Queried from a register."),
            {"fact": way.fact, "purpose": purpose},
        )
    if fact is None:
        return False, Text("登记库中没有这项信息。", "The register does not have it."), {}
    source = Text.of(fact["source"])
    return True, Text(f"{source.zh}中已有登记。", f"On record: {source.en}."), {
        "fact": way.fact, "source": source.to_dict(), "as_of": fact.get("as_of", ""),
        "simulated": bool(fact.get("simulated", False)), "purpose": purpose,
    }  # fmt: skip


def _verify(material: Material, way: Way, known: Known | None) -> _Answer:
    if known is not None and material.key in known.unanswered:
        return False, known.unanswered[material.key], {}
    return True, Text("由主管部门核实，您不用开证明。", "The department in charge confirms it; no certificate needed."), {
        "department": way.department, "days": way.days,
    }  # fmt: skip


def _promise(material: Material, way: Way, known: Known | None) -> _Answer:
    if known is not None and known.promise_barred is not None:
        return False, known.promise_barred, {}
    text = way.text.text if way.text else material.name.text
    consequence = way.consequence.text if way.consequence else Text("", "")
    return True, Text("书面承诺即可，不用开证明。", "A written declaration is enough."), {
        "text": text.to_dict(), "consequence": consequence.to_dict(),
    }  # fmt: skip


def _assist(material: Material, way: Way, known: Known | None) -> _Answer:
    helper = way.helper.text if way.helper else Text("", "")
    offered = known is not None and (known.wants_help or bool(known.groups & set(way.groups)))
    if offered:
        return True, Text(f"由{helper.zh}帮办代办。", f"{helper.en} will do it with you."), {
            "helper": helper.to_dict(),
        }  # fmt: skip
    return False, Text(f"需要时可以请{helper.zh}帮办代办。", f"On request {helper.en} will help."), {}


def _online(material: Material, way: Way, known: Known | None) -> _Answer:
    return True, Text("在网上或手机上提交。", "Handed in online or by phone."), {
        "limits": way.limits or material.limits or "",
    }  # fmt: skip


_WALK: dict[Rung, Callable[[Material, Way, Known | None], _Answer]] = {
    Rung.DROPPED: _dropped, Rung.QUERY: _query, Rung.VERIFY: _verify, Rung.PROMISE: _promise,
    Rung.ASSIST: _assist, Rung.ONLINE: _online,
}  # fmt: skip


# -- kept with the case ------------------------------------------------------------------------------
def stored(resolutions: Iterable[Resolution]) -> dict[str, Any]:
    """As kept under ``Case.provenance["materials"]``: material → how it was obtained."""
    return {
        one.material: {
            "rung": one.rung.value if one.rung else None,
            "why": one.why.to_dict(),
            "provenance": dict(one.provenance),
            "trust": one.trust.value if one.trust else None,
            "tried": [{"rung": row.rung.value, "why": row.why.to_dict()} for row in one.tried],
        }
        for one in resolutions
    }


def from_stored(kept: Mapping[str, Mapping[str, Any]]) -> tuple[Resolution, ...]:
    """The resolutions of a case again; the inverse of ``stored``."""
    return tuple(
        Resolution(
            key,
            Rung(row["rung"]) if row["rung"] else None,
            Text.of(row["why"]),
            row["provenance"],
            Trust(row["trust"]) if row["trust"] else None,
            tuple(Tried(Rung(one["rung"]), Text.of(one["why"])) for one in row["tried"]),
        )
        for key, row in kept.items()
    )


# -- the rate ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class MatterRate:
    """Certificates of one matter: how many there are, how many need not be brought (免提交率)."""

    code: str
    total: int
    spared: int

    @property
    def percent(self) -> float | None:
        """None where the matter asks for no certificate at all."""
        return round(100 * self.spared / self.total, 2) if self.total else None


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of each matter and of all."""

    matters: tuple[MatterRate, ...]

    @property
    def total(self) -> int:
        return sum(one.total for one in self.matters)

    @property
    def spared(self) -> int:
        return sum(one.spared for one in self.matters)

    @property
    def percent(self) -> float | None:
        return MatterRate("", self.total, self.spared).percent


def rate(specs: Iterable[MatterSpec]) -> Rates:
    """Share of certificates of administrative organs that people need not bring (目标：90%以上).

    Counted are materials an organ issues and law does not keep sensitive; spared is what the first
    rung obtains without the applicant.
    """
    return Rates(tuple(_rate(spec) for spec in specs))


def counts_for_rate(material: Material) -> bool:
    """Whether a material is one of the certificates the target speaks of."""
    return material.issuer == "organ" and material.exempt is None


def _rate(spec: MatterSpec) -> MatterRate:
    counted = [row for row in spec.material if counts_for_rate(row)]
    return MatterRate(spec.code, len(counted), sum(resolve(row, None).spared for row in counted))
