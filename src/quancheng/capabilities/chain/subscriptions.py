"""事件上链: each event of a scene becomes an entry, once, in the transaction that marks it handled."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from quancheng.capabilities.chain import actions
from quancheng.capabilities.chain.scenes import by_event, scenes
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.events import Event


def digest_of(event: Event) -> bytes:
    """SHA-256 over the event's canonical JSON: type, subject, time, data; keys sorted, no spaces."""
    content: dict[str, Any] = {
        "type": event.type, "subject": event.subject, "time": event.time.isoformat(), "data": event.data,
    }  # fmt: skip
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, cls=DjangoJSONEncoder
    )
    return hashlib.sha256(text.encode()).digest()


def anchor(event: Event) -> None:
    """Anchor an event whose type is a scene's; others are nothing to us. Drills are not history."""
    scene = by_event().get(event.type)
    if scene is None or event.virtual:
        return
    simulated = bool(event.data.get("simulated"))
    actions.append(
        Call.system("chain", key=f"event:{event.id}", simulated=simulated),
        scene=scene.code, reference=str(event.id), digest=digest_of(event), happened_at=event.time,
    )  # fmt: skip


for _module in sorted({one.event.partition(".")[0] for one in scenes() if one.event}):
    events.subscribe(f"{_module}.*", f"chain.{_module}")(anchor)
