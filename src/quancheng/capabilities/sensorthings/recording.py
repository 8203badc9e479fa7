"""记录观测: from JSON to the observation store, the short way.

Single observations and whole data arrays come here; rights and facts of a stream are asked once and
remembered for a few seconds. There is no audit entry for each observation (``observations.appending``).
"""

from __future__ import annotations

import time as clocks
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations.values import Batch, Observation
from quancheng.capabilities.sensorthings import facts, undoing
from quancheng.capabilities.sensorthings.messages import Refused, bad
from quancheng.capabilities.sensorthings.models import Stream
from quancheng.core.sensorthings import times
from quancheng.kernel import access, clock
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotSignedIn

STREAM_NAMES = ("Datastream", "MultiDatastream")
OWN = frozenset({"phenomenonTime", "resultTime", "result", "resultQuality", "validTime", "parameters"})
_KNOWN = OWN | {*STREAM_NAMES, "FeatureOfInterest"}
MAXIMUM_ID = 2**53
_FROM_ISO = datetime.fromisoformat
_granted: dict[tuple[Any, ...], float] = {}


# -- rights -------------------------------------------------------------------------------------
def require_writing(actor: Actor, stream: int) -> None:
    """Raise unless the actor may write to a stream; decided once in a few seconds.

    Raises NotSignedIn, Forbidden.
    """
    key = (actor.kind, actor.user_id, actor.role_ids, stream)
    if _granted.get(key, 0.0) > clocks.monotonic():
        return
    if not access.visible(actor, Stream, verb="write").filter(pk=stream).exists():
        raise Forbidden() if actor.is_authenticated else NotSignedIn()
    if len(_granted) > 100_000:
        _granted.clear()
    _granted[key] = clocks.monotonic() + facts.SECONDS


# -- one observation ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Draft:
    """An observation read from JSON, before its feature is known."""

    stream: int
    time: int
    time_end: int | None
    result_time: int | None
    result: Any
    extra: Mapping[str, Any]


def fast_instant(text: Any) -> int:
    """Microseconds of an instant; the common forms without a regular expression. Raises Refused 400."""
    if not isinstance(text, str):
        raise bad("时间应为文字。", "A time must be a string.")
    if len(text) >= 20 and text[10] == "T" and text[5].isdigit() and text[4] == "-":
        try:
            found = _FROM_ISO(text)
            if found.tzinfo is not None:
                return times.micros(found)
        except ValueError:
            pass
    try:
        return times.parse_instant(text)
    except times.BadTime as wrong:
        raise bad(
            f"不是带时区的ISO 8601时间：{text[:40]}", f"Not an ISO 8601 time with a zone: {text[:40]}"
        ) from wrong


def span(text: Any) -> tuple[int, int | None]:
    """An instant or interval. Raises Refused 400."""
    if isinstance(text, str) and "/" in text:
        try:
            return times.parse_time(text)
        except times.BadTime as wrong:
            raise bad(f"不是时间段：{text[:60]}", f"Not an interval: {text[:60]}") from wrong
    return fast_instant(text), None


def draft(body: Mapping[str, Any], stream: int, now: int | None = None) -> Draft:
    """Read an observation of a stream. Raises Refused 400."""
    unknown = [name for name in body if name not in _KNOWN and not _is_control(name)]
    if unknown:
        raise bad(f"观测没有属性 {unknown[0][:40]}。", f"Observations have no property {unknown[0][:40]}.")
    if "result" not in body:
        raise bad("缺少 result。", "result is missing.")
    raw = body.get("phenomenonTime")
    time, end = span(raw) if raw is not None else (times.micros(clock.now()) if now is None else now, None)
    late = body.get("resultTime")
    extra: dict[str, Any] = {}
    if len(body) > 3:
        extra = _extra(body)
    return Draft(stream, time, end, None if late is None else fast_instant(late), body["result"], extra)


def _is_control(name: str) -> bool:
    return "@" in name or name == "id"


def _extra(body: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if body.get("validTime") is not None:
        start, end = span(body["validTime"])
        found["validTime"] = times.format_time(start, end)
    parameters = body.get("parameters")
    if parameters is not None:
        if not isinstance(parameters, dict):
            raise bad("parameters 应为对象。", "parameters must be an object.")
        found["parameters"] = parameters
    if body.get("resultQuality") is not None:
        found["resultQuality"] = body["resultQuality"]
    return found


def check_result(fact: facts.Fact, result: Any) -> None:
    """A MultiDatastream's result is a list with a value for each column (OGC 18-088 § 15). Raises Refused."""
    if fact.columns and (not isinstance(result, list) or len(result) != fact.columns):
        raise bad(
            f"result 应为{fact.columns}个值的列表。", f"result must be a list of {fact.columns} values."
        )


def stream_of(body: Mapping[str, Any]) -> tuple[str, int] | None:
    """The stream a body links to: relation and id; None when it links to none. Raises Refused."""
    found = [(name, body[name]) for name in STREAM_NAMES if body.get(name) is not None]
    if len(found) > 1:
        raise bad("观测只能属于一个数据流。", "An observation belongs to one stream.")
    if not found or not isinstance(found[0][1], dict) or "@iot.id" not in found[0][1]:
        return None
    return found[0][0], entity_id(found[0][1]["@iot.id"])


def entity_id(value: Any) -> int:
    """An id as sent: a whole number, or its text. Raises Refused."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 17:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < MAXIMUM_ID:
        raise bad("@iot.id 应为正整数。", "@iot.id must be a positive whole number.")
    return value


def known_stream(relation: str, stream: int) -> facts.Fact:
    """Facts of the stream a relation names. Raises Refused when there is none of that kind."""
    fact = facts.fact(stream)
    if fact is None or bool(fact.columns) is not (relation == "MultiDatastream"):
        raise bad(f"没有{relation}s({stream})。", f"There is no {relation}s({stream}).")
    return fact


def feature_for(call: Call, fact: facts.Fact, given: Any) -> int:
    """The feature of an observation: the one it names, or the place of the thing; made when new.

    Raises Refused when there is none to be made of, Forbidden.
    """
    if given is None:
        if fact.feature is not None and fact.feature in fact.known:
            return fact.feature
    elif isinstance(given, dict) and set(given) == {"@iot.id"}:
        feature = entity_id(given["@iot.id"])
        if feature in fact.known:
            return feature
    from quancheng.capabilities.sensorthings.actions.features import observe_feature

    return observe_feature(call.with_key(None), stream=fact.stream, feature=given)


def record(call: Call, body: Mapping[str, Any], link: tuple[str, int] | None = None) -> int:
    """Record one observation durably; its id. ``link`` is the stream by the address, if by one.

    Raises Refused, NotSignedIn, Forbidden, LogFull.
    """
    target = link or stream_of(body)
    if target is None:
        raise bad(
            "观测须指明 Datastream 或 MultiDatastream。",
            "An observation names a Datastream or MultiDatastream.",
        )
    fact = known_stream(*target)
    require_writing(call.actor, target[1])
    one = draft(body, target[1])
    check_result(fact, one.result)
    feature = feature_for(call, fact, body.get("FeatureOfInterest"))
    made = int(store.append(Batch.of([observation(one, feature)])).id[0])
    undoing.appended((made,))
    return made


def observation(one: Draft, feature: int | None, id: int = 0) -> Observation:
    """The store's value of a draft."""
    return Observation(
        id=id,
        stream=one.stream,
        time=one.time,
        time_end=one.time_end,
        result_time=one.result_time,
        result=one.result,
        feature=feature,
        extra=one.extra,
    )


# -- data arrays --------------------------------------------------------------------------------
def create_observations(call: Call, groups: Any, root: str) -> list[str]:
    """CreateObservations (OGC 18-088 § 12.2): an address or ``error`` for each row, in order.

    Every row is judged alone; all good rows are appended together, durably. Raises Refused when the
    body is no list of data arrays.
    """
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise bad("应为数据数组的列表。", "A list of data arrays is needed.")
    parts: list[tuple[Batch, list[int]]] = []
    total = 0
    for group in groups:
        rows = group.get("dataArray")
        if not isinstance(rows, list):
            raise bad("缺少 dataArray。", "dataArray is missing.")
        parts += _group(call, group, rows, total)
        total += len(rows)
    out = ["error"] * total
    if parts:
        done = store.append(Batch.join([batch for batch, _ in parts]))
        undoing.appended(done.id.tolist())
        places = [place for _, some in parts for place in some]
        prefix = f"{root}/Observations("
        for place, id in zip(places, done.id.tolist(), strict=True):
            out[place] = f"{prefix}{id})"
    return out


def _group(
    call: Call, group: Mapping[str, Any], rows: list[Any], offset: int
) -> list[tuple[Batch, list[int]]]:
    try:
        target = stream_of(group)
        components = group.get("components")
        if target is None or not isinstance(components, list) or "result" not in components:
            raise bad(
                "数据数组须有数据流和含 result 的 components。",
                "A data array needs a stream and components with result.",
            )
        fact = known_stream(*target)
        require_writing(call.actor, target[1])
    except Refused:
        return []
    quick = _quick(call, fact, components, rows)
    if quick is not None:
        return [(quick, list(range(offset, offset + len(rows))))]
    good: list[Observation] = []
    places: list[int] = []
    for place, row in enumerate(rows):
        try:
            good.append(_slow(call, fact, components, row))
        except Refused:
            continue
        places.append(offset + place)
    return [(Batch.of(good), places)] if good else []


def _quick(call: Call, fact: facts.Fact, components: list[Any], rows: list[Any]) -> Batch | None:
    """Columns at once when all rows are numbers at instants; None when any is not."""
    if fact.columns or not set(components) <= {"phenomenonTime", "resultTime", "result"} or not rows:
        return None
    width = len(components)
    if "phenomenonTime" not in components or any(type(row) is not list or len(row) != width for row in rows):
        return None
    columns = dict(zip(components, zip(*rows, strict=True), strict=True))
    results = columns["result"]
    if any(type(one) is not float and (type(one) is not int or abs(one) > MAXIMUM_ID) for one in results):
        return None
    try:
        moments = [fast_instant(one) for one in columns["phenomenonTime"]]
        late = [fast_instant(one) for one in columns["resultTime"]] if "resultTime" in columns else None
        feature = feature_for(call, fact, None)
    except Refused:
        return None
    batch = Batch.numbers([fact.stream] * len(rows), moments, results)
    batch.feature[:] = feature
    if late is not None:
        batch.result_time[:] = late
    return batch


def _slow(call: Call, fact: facts.Fact, components: list[Any], row: Any) -> Observation:
    if not isinstance(row, list) or len(row) != len(components):
        raise bad("行与 components 不等长。", "A row differs in length from components.")
    body = dict(zip(components, row, strict=True))
    raw = body.pop("FeatureOfInterest/id", body.pop("FeatureOfInterest/@iot.id", None))
    given = None if raw is None else {"@iot.id": raw}
    body.pop("id", None)
    one = draft(body, fact.stream)
    check_result(fact, one.result)
    return observation(one, feature_for(call, facts.fact(fact.stream) or fact, given))
