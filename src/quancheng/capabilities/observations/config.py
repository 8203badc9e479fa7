"""运行限度: every operating limit of the store, read from the environment in this one place.

Limits are about machines (bytes, seconds, rows). What is decided by people (how long data are kept,
when an hour counts) is dated and lives in ``resources/parameters.toml``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings


def _number(name: str, default: int) -> int:
    return int(os.environ.get(f"QUANCHENG_OBSERVATIONS_{name}", default))


def folder() -> Path:
    """Where logs, the latest values and temporary files live (read at each use, so tests may move it)."""
    chosen = getattr(settings, "OBSERVATIONS_FOLDER", None)
    return Path(chosen) if chosen else Path(settings.HOME) / "observations"


def log_folder() -> Path:
    """The folder of all writers' logs."""
    return folder() / "log"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process takes on; bytes, rows and seconds."""

    file_bytes: int = field(default_factory=lambda: _number("LOG_FILE_BYTES", 64 << 20))
    """A log file this long is closed and the next begun."""
    frame_bytes: int = field(default_factory=lambda: _number("FRAME_BYTES", 32 << 20))
    """Longest frame; a larger batch is refused."""
    group_bytes: int = field(default_factory=lambda: _number("GROUP_BYTES", 16 << 20))
    """So much is written before one fdatasync at most."""
    id_block: int = field(default_factory=lambda: _number("ID_BLOCK", 1_000_000))
    """Ids a process takes at a time."""
    node: int = field(default_factory=lambda: _number("NODE", 0))
    """Number of this machine in a cluster, 0 … 255: the high bits of its ids."""
    seal_seconds: int = field(default_factory=lambda: _number("SEAL_SECONDS", 60))
    """Oldest row that waits for a segment while there is a crowd."""
    seal_lazy_seconds: int = field(default_factory=lambda: _number("SEAL_LAZY_SECONDS", 600))
    """Oldest row that waits when there are only few."""
    seal_few: int = field(default_factory=lambda: _number("SEAL_FEW", 20_000))
    """Fewer rows than this are few."""
    seal_rows: int = field(default_factory=lambda: _number("SEAL_ROWS", 2_000_000))
    """So many rows are sealed at once, whatever their age."""
    file_rows: int = field(default_factory=lambda: _number("FILE_ROWS", 16_000_000))
    """Rows of one compacted file; more are divided by stream."""
    merge_megabytes: int = field(default_factory=lambda: _number("MERGE_MEGABYTES", 1024))
    """Memory of a merge; more is spilled to disk."""
    merge_files: int = field(default_factory=lambda: _number("MERGE_FILES", 8))
    """So many new files of a past partition are merged at once."""
    merge_wait_seconds: int = field(default_factory=lambda: _number("MERGE_WAIT_SECONDS", 600))
    """How long after its end an hour is given for late data before it is merged."""
    replaced_minutes: int = field(default_factory=lambda: _number("REPLACED_MINUTES", 60))
    """Replaced files are kept so long for readers that still have them open."""


def limits() -> Limits:
    """The limits as the environment says now."""
    return Limits()


def _texts(name: str, default: str) -> str:
    return os.environ.get(f"QUANCHENG_OBSERVATIONS_{name}", default)


@dataclass(frozen=True, slots=True)
class ClusterLimits:
    """The brokers between gateways and stores; ``url`` empty = none, gateways write the log themselves."""

    url: str = field(default_factory=lambda: _texts("NATS_URL", ""))
    """Addresses of the servers, separated by commas."""
    shards: int = field(default_factory=lambda: _number("SHARDS", 8))
    """Parts the streams are divided into; the same on all machines, fixed once data flow."""
    take: str = field(default_factory=lambda: _texts("TAKE", ""))
    """Shards this machine stores, separated by commas; empty = all."""
    replicas: int = field(default_factory=lambda: _number("REPLICAS", 3))
    """Copies the brokers keep."""
    stream_bytes: int = field(default_factory=lambda: _number("STREAM_BYTES", 8 << 30))
    """So much waits at the brokers at most; more is refused."""
    message_rows: int = field(default_factory=lambda: _number("MESSAGE_ROWS", 1_000))
    """Most rows of one message."""
    message_few: int = field(default_factory=lambda: _number("MESSAGE_FEW", 500))
    """Fewer rows wait for others, but only ``linger_seconds``."""
    linger_milliseconds: int = field(default_factory=lambda: _number("LINGER_MILLISECONDS", 5))
    fetch_messages: int = field(default_factory=lambda: _number("FETCH_MESSAGES", 32))
    """Messages of a shard that are stored together."""
    ack_seconds: int = field(default_factory=lambda: _number("ACK_SECONDS", 30))
    """After so long without acknowledgement a message is delivered again."""
    answer_seconds: int = field(default_factory=lambda: _number("ANSWER_SECONDS", 2))
    """A sending without an answer is repeated after so long."""
    patience_seconds: int = field(default_factory=lambda: _number("PATIENCE_SECONDS", 30))
    """After so long the caller is told that the brokers are away."""

    @property
    def linger_seconds(self) -> float:
        """How long few rows wait for others."""
        return self.linger_milliseconds / 1000

    @property
    def mine(self) -> tuple[int, ...]:
        """Shards this machine stores."""
        chosen = tuple(int(one) for one in self.take.split(",") if one.strip())
        return chosen or tuple(range(self.shards))


def cluster_limits() -> ClusterLimits:
    """The same for the brokers."""
    return ClusterLimits()
