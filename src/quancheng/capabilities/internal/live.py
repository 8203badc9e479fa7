"""Live topics: who may hear that internal work moved."""

from __future__ import annotations

_ROLES = [
    "internal.personnel", "internal.enterprise", "internal.head", "internal.supervisor", "internal.hrss",
    "internal.service", "internal.clerk", "internal.leader", "internal.staff",
]  # fmt: skip
TOPICS = {
    "internal": {
        "events": ["internal.item.*", "internal.work.*", "internal.paper.*", "internal.meeting.*"],
        "roles": _ROLES,
    }
}
