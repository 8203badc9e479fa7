"""一次性编号: a signed message is taken once within the time that its clock allows."""

from __future__ import annotations

import threading
from collections import OrderedDict

from quancheng.capabilities.cascade.cascade_client import SKEW, BadMessage

MOST = 200_000


class Nonces:
    """Nonces of this process, in order of arrival. Several threads may use it.

    Another process does not know them: a message replayed there changes nothing, because batches and
    questions may be repeated; it only answers to whom it was encrypted by TLS.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def use(self, sender: str, nonce: str, now: float) -> None:
        """Take a nonce; raises BadMessage when it was used or is no nonce. ``now`` in seconds."""
        if not 16 <= len(nonce) <= 64:
            raise BadMessage("a nonce has 16 to 64 characters")
        with self._lock:
            while self._seen and (len(self._seen) > MOST or next(iter(self._seen.values())) < now):
                self._seen.popitem(last=False)
            if (sender, nonce) in self._seen:
                raise BadMessage("this very message was heard before")
            self._seen[sender, nonce] = now + 2 * SKEW.total_seconds()
