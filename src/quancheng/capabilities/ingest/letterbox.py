"""死信信箱: collects refusals of a process and writes them together, a few of each device at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from quancheng.capabilities.ingest.letters import Letter
from quancheng.kernel.actions import Call
from quancheng.kernel.db.freshness import freshen

log = structlog.get_logger(__name__)
Done = Callable[[BaseException | None], None]


def write(found: Sequence[Letter], dropped: dict[int, int]) -> None:
    """Put letters into the database as the platform."""
    from quancheng.capabilities.ingest.actions import keep_letters

    freshen()
    keep_letters(Call.system("ingest"), found=found, dropped=dropped)


class LetterBox:
    """For one event loop: :meth:`put` a letter, hear when it is durable."""

    def __init__(self, each: int, write: Callable[[Sequence[Letter], dict[int, int]], None] = write) -> None:
        self._each = each
        self._write = write
        self._waiting: list[tuple[Letter, Done]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-letters")
        self.busy = False
        self.refused: Counter[str] = Counter()

    def put(self, letter: Letter, done: Done) -> None:
        """Keep ``letter``; ``done`` is called in the loop when it is written, or with what went wrong."""
        self.refused[letter.reason] += 1
        self._waiting.append((letter, done))
        if not self.busy:
            self.busy = True
            asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                chosen, dropped = self._choose([letter for letter, _ in batch])
                fault: BaseException | None = None
                try:
                    await loop.run_in_executor(self._thread, self._write, chosen, dropped)
                except Exception as failure:
                    log.exception("ingest.letters.failed", letters=len(batch))
                    fault = failure
                for _, done in batch:
                    done(fault)
        finally:
            self.busy = False

    def _choose(self, letters: Sequence[Letter]) -> tuple[list[Letter], dict[int, int]]:
        seen: Counter[str] = Counter()
        chosen: list[Letter] = []
        dropped: Counter[int] = Counter()
        for one in letters:
            seen[one.code] += 1
            if seen[one.code] <= self._each:
                chosen.append(one)
            else:
                dropped[one.device] += 1
        return chosen, dict(dropped)

    def close(self) -> None:
        """No more letters; what is being written is finished."""
        self._thread.shutdown(wait=True)
