"""会话记忆: what a decoder keeps of a device between its messages, for callers that keep none.

In memory and bounded: after a restart, or when too many speak, a session is forgotten and its node is
asked to be born again, as Sparkplug B wants it. Nothing here needs to be durable.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

__all__ = ["Sessions", "sessions"]


class Sessions:
    """The latest ``most`` memories by device; thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @contextmanager
    def of(self, device: str) -> Iterator[MutableMapping[str, Any]]:
        """The memory of a device, for one message at a time."""
        with self._lock:
            memory = self._kept.pop(device, {})
            self._kept[device] = memory
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            yield memory

    def peek(self, device: str) -> dict[str, Any]:
        """A copy of what is kept of a device: whether a rebirth is wanted, for who can ask for it."""
        with self._lock:
            return dict(self._kept.get(device, {}))


sessions = Sessions(10_000)
"""The memories of this process."""
