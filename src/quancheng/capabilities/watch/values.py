"""Frozen values that go in and come out of watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from quancheng.core.text import Text
from quancheng.core.watch import Direction, Kind, Spec, Statistic, Step
from quancheng.kernel.errors import InvalidInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


def moment(at: int) -> datetime:
    """The moment of microseconds since the epoch."""
    return EPOCH + at * _MICRO


def micros(at: datetime) -> int:
    """Microseconds since the epoch."""
    return (at - EPOCH) // _MICRO


@dataclass(frozen=True, slots=True)
class Scope:
    """规则范围: streams of an observed property, narrowed; or streams by number.

    ``property``: key or name of the observed property. ``kind``: kind of station. ``region``: code of
    an administrative division and what lies in it. ``thing``: key of one thing. ``then_property``: of
    the second condition of a sequence, at the same thing.
    """

    property: str = ""
    kind: str = ""
    region: str = ""
    thing: str = ""
    streams: tuple[int, ...] = ()
    then_property: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As the table keeps it; empty parts left out."""
        return {
            name: list(value) if name == "streams" else value for name, value in asdict(self).items() if value
        }

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Scope:
        """Read a scope; raises InvalidInput for unknown parts or wrong types."""
        unknown = set(raw) - set(cls.__slots__)
        streams = raw.get("streams") or ()
        wrong = {
            name for name in cls.__slots__ if name != "streams" and not isinstance(raw.get(name, ""), str)
        }
        if not all(isinstance(one, int) and not isinstance(one, bool) and 0 < one < 2**53 for one in streams):
            wrong.add("streams")
        if unknown or wrong or len(streams) > 1000:
            names = "、".join(sorted(unknown | wrong)) or "streams"
            raise InvalidInput(
                fields={"scope": Text(f"范围写法有误：{names}", f"Wrong in the scope: {names}")}
            )
        texts = {name: str(raw.get(name, ""))[:200] for name in cls.__slots__ if name != "streams"}
        return cls(streams=tuple(streams), **texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """规则草稿: everything a person says about a version."""

    spec: Spec
    scope: Scope
    level: int
    incident_type: str
    parameter: str = ""
    source: str = ""
    note: str = ""


_NUMBERS = ("limit", "tolerance", "coverage")
_WHOLES = ("consecutive", "minutes", "seconds", "per_seconds", "neighbours")


def spec_to_dict(spec: Spec) -> dict[str, Any]:
    """A spec as the table keeps it: what differs from nothing said."""
    plain = Spec(kind=spec.kind)
    made: dict[str, Any] = {"kind": str(spec.kind)}
    for name in ("direction", "statistic", "strict", "clear", *_NUMBERS, *_WHOLES):
        value = getattr(spec, name)
        if value != getattr(plain, name):
            made[name] = str(value) if name in {"direction", "statistic"} else value
    if spec.hours is not None:
        made["hours"] = list(spec.hours)
    if spec.then is not None:
        made["then"] = {"direction": str(spec.then.direction), "limit": spec.then.limit}
    return made


def spec_of(raw: Mapping[str, Any]) -> Spec:
    """Read a spec; raises InvalidInput with the fields at fault."""
    wrong: dict[str, Text] = {}
    facts: dict[str, Any] = {}
    _vocabulary(raw, facts, wrong)
    for name in (*_NUMBERS, "clear"):
        if raw.get(name) is not None:
            facts[name] = _number(name, raw[name], wrong)
    for name in _WHOLES:
        if raw.get(name) is not None:
            value = raw[name]
            if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
                wrong[name] = Text("应为整数", "Must be a whole number")
            facts[name] = value
    unknown = set(raw) - set(Spec.__slots__)
    if unknown:
        wrong["spec"] = Text(
            f"不认识：{'、'.join(sorted(unknown))}", f"Unknown: {', '.join(sorted(unknown))}"
        )
    if wrong:
        raise InvalidInput(fields=wrong)
    spec = Spec(**facts)
    if faults := spec.faults():
        raise InvalidInput(fields=faults)
    return spec


def _vocabulary(raw: Mapping[str, Any], facts: dict[str, Any], wrong: dict[str, Text]) -> None:
    for name, words in (("kind", Kind), ("direction", Direction), ("statistic", Statistic)):
        if name in raw or name == "kind":
            try:
                facts[name] = words(str(raw.get(name)))
            except ValueError:
                wrong[name] = Text("请从列表中选择", "Choose one of the list")
    if "strict" in raw:
        facts["strict"] = raw["strict"] is True
    hours = raw.get("hours")
    if hours is not None:
        if not (
            isinstance(hours, list | tuple) and len(hours) == 2 and all(type(one) is int for one in hours)
        ):
            wrong["hours"] = Text("应为两个分钟数", "Must be two numbers of minutes")
        else:
            facts["hours"] = (hours[0], hours[1])
    then = raw.get("then")
    if then is not None:
        try:
            facts["then"] = Step(Direction(then["direction"]), _number("then", then["limit"], wrong))
        except (ValueError, KeyError, TypeError):
            wrong["then"] = Text("请写明方向和数值", "Say direction and limit")


def _number(name: str, value: Any, wrong: dict[str, Text]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        wrong[name] = Text("应为数", "Must be a number")
        return 0.0
    return float(value)


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stream as rules see it."""

    id: int
    key: str
    """Key of its thing: ``things:<code>`` for a station."""
    name: str
    name_en: str
    unit: str
    property: str
    property_key: str
    kind: str = ""
    region: str = ""
    station: str = ""
    department: str = ""
    simulated: bool = False
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One episode of a trial; times in µs."""

    stream: int
    name: str
    began: int
    ended: int | None
    value: float
    limit: float

    def to_dict(self) -> dict[str, Any]:
        """As the table keeps it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Past:
    """试算结果: how often a rule would have fired."""

    since: int
    until: int
    streams: int
    readings: int
    firings: int
    episodes: tuple[Sighting, ...] = ()
    by_day: Mapping[str, int] = field(default_factory=dict)
    milliseconds: int = 0
