"""改观测、JSON Patch: changes of observations, and documents patched by RFC 6902."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonpatch
import jsonpointer
import msgspec

from quancheng.capabilities.observations import actions as store
from quancheng.capabilities.observations import queries as kept
from quancheng.capabilities.sensorthings import recording, undoing
from quancheng.capabilities.sensorthings.messages import bad, missing
from quancheng.core.sensorthings.model import BY_NAME, EntityType
from quancheng.core.sensorthings.times import format_instant, format_time
from quancheng.kernel.actions import Call

_OBSERVATION = BY_NAME["Observation"]
_EMPTY: dict[str, Any] = {"resultTime": None, "resultQuality": None, "validTime": None, "parameters": None}


def update_observation(call: Call, id: int, body: Any, *, whole: bool = False) -> None:
    """Change an observation; ``whole`` (PUT): result must be there, what is not given becomes empty.

    phenomenonTime stays when it is not given: making an old reading one of now would falsify it.
    Raises Refused, Forbidden.
    """
    if not isinstance(body, Mapping):
        raise bad("观测应为对象。", "An observation must be an object.")
    found = kept.by_ids([id])
    if not found:
        raise missing()
    old = found[0]
    recording.require_writing(call.actor, old.stream)
    before: dict[str, Any] = {
        "phenomenonTime": format_time(old.time, old.time_end),
        "resultTime": None if old.result_time is None else format_instant(old.result_time),
        "result": old.result,
        **old.extra,
    }
    if whole and "result" not in body:
        raise bad("缺少 result。", "result is missing.")
    if whole:  # clients send related entities back as they hold them, without ids too
        body = {name: value for name, value in body.items() if not _is_inline(name, value)}
    target = recording.stream_of(body)
    for name in recording.STREAM_NAMES:
        if body.get(name) is not None and target is None:
            raise bad(
                f"修改时 {name} 只能以 @iot.id 链接。", f"An update links {name} by @iot.id and makes none."
            )
    feature = body.get("FeatureOfInterest")
    if feature is not None and (not isinstance(feature, dict) or "@iot.id" not in feature):
        raise bad(
            "修改时 FeatureOfInterest 只能以 @iot.id 链接。", "An update links FeatureOfInterest by @iot.id."
        )
    merged = {**before, **(_EMPTY if whole else {}), **body}
    for name in (*recording.STREAM_NAMES, "FeatureOfInterest"):
        merged.pop(name, None)
    stream = old.stream if target is None else target[1]
    if target is not None:
        recording.require_writing(call.actor, stream)
    relation = target[0] if target else _relation(stream)
    fact = recording.known_stream(relation, stream)
    one = recording.draft(merged, stream)
    recording.check_result(fact, one.result)
    about = old.feature if feature is None else recording.feature_for(call, fact, feature)
    undoing.changing(old)
    store.change(replace(recording.observation(one, about, id), quality=old.quality))


def _is_inline(name: str, value: Any) -> bool:
    linking = name in (*recording.STREAM_NAMES, "FeatureOfInterest")
    return linking and isinstance(value, dict) and "@iot.id" not in value


def _relation(stream: int) -> str:
    from quancheng.capabilities.sensorthings.facts import is_multi

    return "MultiDatastream" if is_multi(stream) else "Datastream"


def patched(type: EntityType, shown: Mapping[str, Any], patch: Any) -> dict[str, Any]:
    """The body of an update that does what a JSON Patch says to an entity as shown. Raises Refused 400."""
    if not isinstance(patch, list) or len(patch) > 1000:
        raise bad("JSON Patch 应为操作列表。", "A JSON Patch is a list of operations.")
    before = {one.name: shown.get(one.name) for one in type.properties if not one.computed}
    before = {name: value for name, value in before.items() if value is not None}
    try:
        after = jsonpatch.apply_patch(_copy(before), patch)
    except (
        jsonpatch.JsonPatchException,
        jsonpointer.JsonPointerException,
        TypeError,
        KeyError,
        ValueError,
    ) as wrong:
        raise bad(
            f"JSON Patch 无法执行：{str(wrong)[:120]}",
            f"The JSON Patch cannot be applied: {str(wrong)[:120]}",
        ) from wrong
    if not isinstance(after, dict):
        raise bad("JSON Patch 的结果应为对象。", "A JSON Patch must leave an object.")
    gone = {name: None for name in before if name not in after}
    return {name: value for name, value in after.items() if value != before.get(name)} | gone


def _copy(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))
