"""公证进程: signs heads and has them witnessed, in a process of its own: no other work stands before it."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable

HEAD_SECONDS, WATCH_SECONDS = 1.0, 30.0
"""How often a shard is looked at (nothing is signed when nothing was anchored), and members' logs are compared."""
logger = logging.getLogger(__name__)


def main() -> None:
    """Run until told to stop."""
    import django

    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    django.setup()
    serve(stop)


def serve(stop: threading.Event) -> None:
    """The loop; a round that fails is told and tried again, never the end of the process."""
    from django.db import close_old_connections

    from quancheng.capabilities.chain import tasks

    waited = WATCH_SECONDS
    while not stop.is_set():
        close_old_connections()
        _round("head", tasks.head)
        if waited >= WATCH_SECONDS:
            _round("watch", tasks.watch)
            waited = 0.0
        stop.wait(HEAD_SECONDS)
        waited += HEAD_SECONDS


def _round(name: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:
        logger.exception("chain.%s", name)
