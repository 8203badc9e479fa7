"""Live topics: what counters and offices hear of receptions and bags."""

from __future__ import annotations

TOPICS = {
    "counter": {
        "events": ["counter.case.*", "counter.bag.*", "counter.exchange.*"],
        "roles": ["counter.clerk", "services.clerk", "services.manager"],
    }
}
