"""Freshness 及时性: feeds that became late, silent or fresh."""

from __future__ import annotations

from quancheng.capabilities.collection import config, telling
from quancheng.capabilities.collection.models import Feed
from quancheng.capabilities.collection.schedule import freshness
from quancheng.capabilities.collection.values import Lateness
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action

_OVERDUE = (Lateness.LATE, Lateness.SILENT, Lateness.NEVER)


@action("collection.freshness", idempotent=False)
def mark_freshness(call: Call) -> int:
    """核对时限: each feed gets its lateness; those that became late are told once. Returns how many changed."""
    access.require(call.actor, "advance", Feed)
    changed = 0
    watched = Feed.objects.filter(state__in=[Feed.State.ACTIVE, Feed.State.TRIPPED], sla_minutes__gt=0)
    for feed in watched.select_related("organ"):
        now = freshness(
            feed.sla_minutes, feed.active_since, feed.last_success_at, call.at, config.silent_times()
        )
        if now.value == feed.lateness:
            continue
        changed += 1
        feed.lateness = now.value
        feed.late_since = (feed.late_since or call.at) if now in _OVERDUE else None
        feed.save(update_fields=["lateness", "late_since"])
        if now in _OVERDUE:
            data = {"feed": feed.code, "organ": feed.organ.code, "lateness": now.value}
            events.emit("collection.feed.late", feed.code, data)
            telling.late(call, feed, silent=now is not Lateness.LATE)
    audit.note(changed=changed)
    return changed
