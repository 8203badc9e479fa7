"""Live topics: who may hear that pictures were read."""

from __future__ import annotations

TOPICS = {
    "assistant": {"events": ["assistant.reading.*"], "roles": ["services.clerk", "services.manager"]},
}
