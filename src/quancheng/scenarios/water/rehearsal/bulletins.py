"""预警公报: what warnings the rehearsal saw, read from the event stream (scenarios never import each other)."""

from __future__ import annotations

from typing import Any

from quancheng.kernel import events

PUBLISHED = "weather.warning.published"
PATTERN = "weather.warning.*"
BATCH = 500


class Bulletins:
    """Follows the stream from where it was opened; cheap to ask again and again."""

    def __init__(self, exercise: str) -> None:
        self.exercise = exercise
        self.published: list[dict[str, Any]] = []
        self._position = events.last_sequence()

    def read(self) -> list[dict[str, Any]]:
        """Publications so far, oldest first (alerts, updates, cancels)."""
        while True:
            found = events.tail(self._position, [PATTERN], BATCH)
            for event in found:
                self._position = max(self._position, event.sequence or 0)
                if event.type == PUBLISHED and event.data.get("exercise") == self.exercise:
                    self.published.append(event.data)
            if len(found) < BATCH:
                return self.published

    @property
    def in_force(self) -> bool:
        """Whether the last word on warnings is a warning, not a cancellation."""
        found = self.read()
        return bool(found) and found[-1]["msg_type"] != "cancel"
