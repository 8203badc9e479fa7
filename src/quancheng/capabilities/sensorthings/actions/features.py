"""观测对象: the feature an observation is about, and that its stream observes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.sensorthings.models import Stream
from quancheng.capabilities.sensorthings.writing import Work
from quancheng.core.sensorthings.model import BY_NAME
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action


@action("sensorthings.feature.observe", idempotent=False)
def observe_feature(call: Call, *, stream: int, feature: Any = None) -> int:
    """确定观测对象: the id of the feature for an observation of a stream.

    ``feature`` is what the observation said (a link, a new one, or nothing: then the place of the
    thing). Raises Refused, Forbidden, NotSignedIn.
    """
    access.require(call.actor, "write", Stream)
    work = Work(call)
    found = work.observe(stream, feature)
    audit.note(stream=stream, feature=found)
    return found


@action("sensorthings.stream.create_observing")
def create_stream_with_observation(call: Call, *, relation: str, body: Mapping[str, Any]) -> int:
    """新建数据流并记录一条观测: an observation whose stream is inside it; the observation's id.

    Raises Refused, Forbidden, NotSignedIn.
    """
    access.require(call.actor, "write", Stream)
    work = Work(call)
    inner = {name: value for name, value in body.items() if name != relation}
    row = work.insert(BY_NAME[relation], body[relation], {})
    work.pending.append((inner, relation, row.pk, None))
    made = work.finish()
    audit.note(stream=row.pk, observation=made[-1])
    return made[-1]
