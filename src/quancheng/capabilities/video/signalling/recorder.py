"""入库: the only way from the signalling into the tables; one thread, whole batches, nothing for a keep-alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import structlog
from django.db import close_old_connections

from quancheng.capabilities.video.config import Config
from quancheng.capabilities.video.values import CatalogReport, Change, Peer
from quancheng.core.gb28181 import presence
from quancheng.core.gb28181.catalog import Item
from quancheng.core.gb28181.manscdp import Alarm, Position

__all__ = ["Recorder", "Tables", "read_snapshot", "write_snapshot"]

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Tables(Protocol):
    """What the signalling asks of the city; tests give their own."""

    def peers(self, since: datetime | None) -> tuple[list[Peer], datetime | None]: ...
    def settings(self) -> presence.Settings: ...
    def changes(self, changes: Sequence[Change]) -> int: ...
    def catalog(self, platform: str, items: Sequence[Item], complete: bool) -> CatalogReport: ...
    def alarm(self, peer: str, alarm: Alarm) -> None: ...
    def conflict(self, code: str, holder: str, claimant: str) -> None: ...
    def shared(self, platform: str) -> list[Item]: ...
    def upper_may(self, platform: str, camera: str) -> str: ...
    def open_upper(self, platform: str, camera: str, kind: str) -> tuple[int, str, float]: ...
    def started(self, session: int, urls: dict[str, str]) -> None: ...
    def ended(self, session: int, reason: str, failed: bool) -> None: ...
    def restarted(self) -> int: ...
    def online(self) -> list[str]: ...
    def position(self, peer: str, position: Position) -> None: ...
    def shared_since(self, platform: str, since: datetime | None) -> tuple[list[Item], datetime | None]: ...


class Recorder:
    """Collects changes and writes them once a second; what the database refuses is tried again."""

    def __init__(self, tables: Tables, config: Config) -> None:
        self.tables = tables
        self._config = config
        self._waiting: dict[str, Change] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="video-write")
        self.written = 0
        self.failures = 0

    def changed(self, changes: Sequence[presence.Change]) -> None:
        """Remember changes until the next flush; only the newest of each peer counts."""
        for one in changes:
            if len(self._waiting) < self._config.pending or one.peer in self._waiting:
                at = datetime.fromtimestamp(one.at, UTC)
                self._waiting[one.peer] = Change(one.peer, one.online, at, one.reason, one.flapping)

    async def flush(self) -> None:
        """Write what waits; on failure it waits on, unless something newer came."""
        if not self._waiting:
            return
        batch, self._waiting = self._waiting, {}
        try:
            await self.run(self.tables.changes, list(batch.values()))
            self.written += len(batch)
        except Exception:
            self.failures += 1
            log.exception("video.recorder.changes_failed", changes=len(batch))
            self._waiting = batch | self._waiting

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Do something with the database in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _fresh, function, args)

    async def quietly(self, function: Callable[..., Any], *args: Any) -> None:
        """The same, for what nobody waits for: a failure is logged."""
        try:
            await self.run(function, *args)
        except Exception:
            self.failures += 1
            log.exception("video.recorder.failed", what=getattr(function, "__name__", ""))

    def close(self) -> None:
        self._thread.shutdown(wait=True)


def _fresh(function: Callable[..., T], args: tuple[Any, ...]) -> T:
    close_old_connections()
    return function(*args)


def write_snapshot(
    path: Path, table: presence.Presence, lines: dict[str, tuple[str, int, bool, float]]
) -> None:
    """Put away who is there and from where; the old file stays whole until the new one is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = table.state()
    names = list(lines)
    columns |= {
        "line_names": np.array(names, dtype="S20"),
        "line_hosts": np.array([lines[one][0] for one in names], dtype="S45"),
        "line_ports": np.array([lines[one][1] for one in names], dtype=np.int32),
        "line_tcp": np.array([lines[one][2] for one in names], dtype=np.bool_),
        "line_until": np.array([lines[one][3] for one in names], dtype=np.float64),
    }
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, **columns)
    part.replace(path)


def read_snapshot(path: Path) -> dict[str, Any] | None:
    """The last snapshot, names and hosts as text; None when there is none or it is spoilt (everybody registers again then)."""
    try:
        with np.load(path, allow_pickle=False) as found:
            columns = {name: found[name] for name in found.files}
        for name in ("line_names", "line_hosts"):  # a quarter of the bytes on disk: both are ASCII
            if name in columns:
                columns[name] = columns[name].astype("U")
        return columns
    except FileNotFoundError:
        return None
    except Exception:  # zip, numpy and file errors have no common root
        log.exception("video.snapshot.spoilt", path=str(path))
        return None
