"""Live topics: the desk hears of the queue and callbacks; a citizen of their own conversation."""

from __future__ import annotations

TOPICS = {
    "guide": {
        "events": ["guide.conversation.*", "guide.callback.*"],
        "roles": ["guide.agent"],
    },
    "guide.corrections": {"events": ["guide.correction.*"], "roles": ["guide.editor"]},
}
