"""事项要素: materials with their ladder, fee, result and halls of a matter, as frozen values.

After the national elements of a government service (GB/T 39554, 政务服务事项基本目录及实施清单) and the
ladder of the city without certificates (规划四(一)4). Numbers are ids of dated parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from quancheng.core.text import Text

__all__ = [
    "HANDLING", "ISSUERS", "KINDS", "LEVELS", "Code", "Fee", "FeeItem", "Hall", "Key", "Label", "Material", "Result",
    "Row", "RuleId", "Rung", "Way", "Window", "implementation_code",
]  # fmt: skip

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+$")]


class Row(BaseModel):
    """Base of every element: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Label(Row):
    """A text in two languages (双语)."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)

    def pick(self, language: str) -> str:
        """So that ``|t`` and ``Text`` readers can show it as it is."""
        return self.text.pick(language)

    def to_dict(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


# -- the ladder of a material ----------------------------------------------------------------------
class Rung(StrEnum):
    """Rungs of the no-certificate ladder, best first (无证明阶梯)."""

    DROPPED = "dropped"
    QUERY = "query"
    VERIFY = "verify"
    PROMISE = "promise"
    ASSIST = "assist"
    ONLINE = "online"

    @property
    def text(self) -> Text:
        return _RUNGS[self]

    @property
    def place(self) -> int:
        """0 is the best."""
        return list(Rung).index(self)

    @property
    def spared(self) -> bool:
        """Nothing has to be brought on this rung."""
        return self.place <= Rung.PROMISE.place


_RUNGS = {
    Rung.DROPPED: Text("直接取消", "Dropped"),
    Rung.QUERY: Text("数据查询", "Queried from registers"),
    Rung.VERIFY: Text("部门核验", "Verified by a department"),
    Rung.PROMISE: Text("告知承诺", "Declared"),
    Rung.ASSIST: Text("帮办代办", "Done with a helper"),
    Rung.ONLINE: Text("网上或掌上提交", "Uploaded"),
}
_NEEDS: dict[Rung, tuple[frozenset[str], frozenset[str]]] = {
    Rung.DROPPED: (frozenset(), frozenset({"reason"})),
    Rung.QUERY: (frozenset({"purpose"}), frozenset({"licence", "fact", "base"})),
    Rung.VERIFY: (frozenset({"department", "days"}), frozenset({"question"})),
    Rung.PROMISE: (frozenset({"text", "consequence"}), frozenset()),
    Rung.ASSIST: (frozenset({"helper"}), frozenset({"groups"})),
    Rung.ONLINE: (frozenset(), frozenset({"limits"})),
}


class Way(Row):
    """One rung a material allows, with what it needs (取得方式)."""

    rung: Rung
    reason: Label | None = None
    """dropped: why it is asked for no more."""
    licence: Code | None = None
    """query: a type of electronic licence the applicant may hold."""
    fact: Annotated[str, Field(max_length=60)] | None = None
    """query: path of a register fact (``people.queries.prefill``)."""
    base: Label | None = None
    """query: an outside base asked when the case is submitted (资料库)."""
    purpose: Label | None = None
    """query: what the applicant's consent is asked for."""
    department: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] | None = None
    """verify: who confirms; ``days`` is its dated parameter of working days."""
    days: RuleId | None = None
    question: Label | None = None
    """verify: what the department is asked; by default the material's name."""
    text: Label | None = None
    """promise: the words declared, and what follows when they are untrue."""
    consequence: Label | None = None
    helper: Label | None = None
    """assist: who helps; ``groups`` are offered it unasked (elder, disabled)."""
    groups: tuple[Literal["elder", "disabled"], ...] = ()
    limits: RuleId | None = None
    """online: dated limits of the upload."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Way:
        given = {name for name in type(self).model_fields if getattr(self, name) not in (None, ())} - {"rung"}
        needed, allowed = _NEEDS[self.rung]
        if missing := sorted(needed - given):
            raise ValueError(f"{self.rung}: missing {', '.join(missing)}")
        if surplus := sorted(given - needed - allowed):
            raise ValueError(f"{self.rung}: does not use {', '.join(surplus)}")
        if self.rung is Rung.QUERY and len(given & {"licence", "fact", "base"}) != 1:
            raise ValueError("query: name one of licence, fact, base")
        return self


Source = Literal["query", "upload", "promise", "dropped", "verify"]
_SOURCES: dict[str, Source] = {
    "dropped": "dropped", "query": "query", "verify": "verify", "promise": "promise", "assist": "upload",
    "online": "upload",
}  # fmt: skip
ISSUERS = {
    "organ": Text("行政机关开具", "Issued by an administrative organ"),
    "other": Text("其他单位出具", "Issued by another body"),
    "self": Text("申请人自备", "Made by the applicant"),
}


class Material(Row):
    """A material and how it is obtained (申请材料, 取得方式).

    ``ways`` lists the rungs it allows, best first; the older key ``source`` alone means one rung.
    """

    key: Key
    name: Label
    source: Source
    """The first rung in one word; taken from ``ways`` when these are given."""
    ways: tuple[Way, ...] = ()
    how: Label
    required: bool = True
    limits: RuleId | None = None
    issuer: Literal["organ", "other", "self"] = "organ"
    """Who issues it; only certificates of administrative organs count for the 90 % target."""
    exempt: Label | None = None
    """Why law keeps this sensitive certificate out of the target (敏感或特殊事项)."""

    @model_validator(mode="before")
    @classmethod
    def _source_from_ways(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not data.get("ways"):
            return data
        first = data["ways"][0] if isinstance(data["ways"], list | tuple) else None
        rung = (
            first.rung
            if isinstance(first, Way)
            else first.get("rung")
            if isinstance(first, Mapping)
            else None
        )
        source = _SOURCES.get(str(rung), "upload")
        if data.get("source") not in (None, source):
            raise ValueError(
                f"source is {data['source']} but the first of ways says {source}; leave source out"
            )
        return {**data, "source": source}

    @model_validator(mode="after")
    def _in_the_order_of_the_ladder(self) -> Material:
        places = [way.rung.place for way in self.ways]
        if places != sorted(places):
            raise ValueError(f"{self.key}: ways go down the ladder {' '.join(Rung)}")
        return self

    @property
    def ladder(self) -> tuple[Way, ...]:
        """The rungs it allows, best first; made from ``source`` where a file has no ``ways``."""
        if self.ways:
            return self.ways
        match self.source:
            case "dropped":
                return (Way(rung=Rung.DROPPED, reason=self.how),)
            case "promise":
                return (Way(rung=Rung.PROMISE, text=self.how, consequence=UNTRUE),)
            case "upload":
                return (Way(rung=Rung.ONLINE, limits=self.limits),)
        return (Way(rung=Rung.QUERY, base=self.how, purpose=self.name),)

    @property
    def upload(self) -> Way | None:
        """The way by which a file may be handed in, if any."""
        return next((way for way in self.ladder if way.rung is Rung.ONLINE), None)


UNTRUE = Label(
    zh="承诺不实的，撤销相应的办理结果，记入信用记录并依法处理。",
    en="If untrue, the result is revoked and the fact enters the credit record.",
)


# -- result, fee, halls ----------------------------------------------------------------------------
class Result(Row):
    """What the applicant gets (办理结果, 结果样本)."""

    licence: Code | None = None
    name: Label
    validity_years: RuleId | None = None
    items: Annotated[dict[str, str], Field(default_factory=dict)]
    """Licence item → form field or material key (``photo`` gives the image's hash)."""
    sample: Annotated[dict[str, str], Field(default_factory=dict)]
    """Licence item → a sample value, always simulated."""


class FeeItem(Row):
    """One charge (收费项目): ``amount`` is a dated parameter."""

    name: Label
    amount: RuleId
    unit: Label
    basis: Label


class Fee(Row):
    """Charges (是否收费、收费标准、收费依据)."""

    free: bool = True
    text: Label = Label(zh="不收费", en="Free of charge")
    items: tuple[FeeItem, ...] = ()

    @model_validator(mode="after")
    def _free_or_listed(self) -> Fee:
        if self.free and self.items:
            raise ValueError("fee: what is free has no items")
        return self


class Window(Row):
    """A desk where the matter can be handed in (办理窗口)."""

    name: Label
    address: Label
    hours: Label
    phone: Annotated[str, Field(pattern=r"^[0-9-]{5,20}$")] = "12345"
    simulated: bool = True


class Hall(Row):
    """Whether one level of halls handles the matter and how (四级大厅)."""

    level: Literal["city", "district", "street", "community"]
    service: Literal["decide", "accept", "assist", "consult"]
    windows: tuple[Window, ...] = ()

    @property
    def text(self) -> Text:
        return Text(f"{LEVELS[self.level].zh}：{_SERVICES[self.service].zh}",
                    f"{LEVELS[self.level].en}: {_SERVICES[self.service].en}")  # fmt: skip


_SERVICES = {
    "decide": Text("受理并办结", "accepts and decides"),
    "accept": Text("受理", "accepts"),
    "assist": Text("帮办代办", "helps to apply"),
    "consult": Text("咨询引导", "gives advice"),
}
LEVELS = {
    "nation": Text("国家级", "Nation"),
    "province": Text("省级", "Province"),
    "city": Text("市级", "City"),
    "district": Text("区县级", "District"),
    "street": Text("镇街", "Street or town"),
    "community": Text("社区（村）", "Community or village"),
}
KINDS = {
    "licence": Text("行政许可", "Administrative licence"),
    "confirmation": Text("行政确认", "Administrative confirmation"),
    "benefit": Text("行政给付", "Administrative benefit"),
    "reward": Text("行政奖励", "Administrative reward"),
    "adjudication": Text("行政裁决", "Administrative adjudication"),
    "levy": Text("行政征收", "Administrative levy"),
    "other": Text("其他行政权力", "Other administrative power"),
    "public-service": Text("公共服务", "Public service"),
}
HANDLING = {
    "instant": Text("即办件", "Decided at once"),
    "promised": Text("承诺件", "Decided within the promised time"),
}


def implementation_code(unified_code: str, level: Literal["1", "2", "3", "4", "5"], basic_code: str) -> str:
    """实施编码: the office's unified code (18), level (1) and the basic code (12) as one.

    Raises ValueError when a part has the wrong length.
    """
    if len(unified_code) != 18 or len(basic_code) != 12:
        raise ValueError(
            "an implementation code needs a unified code of 18 and a basic code of 12 characters"
        )
    return f"{unified_code}{level}{basic_code}"
