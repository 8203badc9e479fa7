"""最新值: the newest observation of every stream in one memory-mapped array.

The keeper writes, any process reads. A counter in the header is odd while records change; readers copy
what they want and try again when it moved (a sequence lock, Lameter 2005). The header also says up to
which positions of the log the array is right; what came later, readers take from the log itself.

Applying a part of the log twice gives the same array (later time wins, then later in the log), so a
keeper that was killed simply begins again at the header's positions. After a power cut (another boot)
the array is made anew from the lake.
"""

from __future__ import annotations

import json
import mmap
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from quancheng.capabilities.observations.log_files import Position, sync_folder
from quancheng.capabilities.observations.values import Batch, Ints, Observation

RECORD = np.dtype(
    [
        ("stream", "<i8"), ("time", "<i8"), ("id", "<i8"), ("number", "<f8"),
        ("time_end", "<i8"), ("result_time", "<i8"), ("feature", "<i8"),
        ("word_at", "<i8"), ("word_length", "<i4"), ("quality", "<u2"), ("present", "<u2"),
    ]
)  # fmt: skip
_HEADER = 1 << 18
_MAGIC = b"QCLATEST"
_DENSE = 1 << 26
"""Streams below this are looked up in a table, others in a dictionary."""
_PATIENCE = 0.2
Records = npt.NDArray[Any]


class Slots:
    """Where in the array a stream is; vectorised, may be extended."""

    def __init__(self, streams: Ints) -> None:
        self._table = np.zeros(1024, np.int32)
        self._far: dict[int, int] = {}
        self.count = 0
        self.extend(streams)

    def extend(self, streams: Ints) -> None:
        """Give the next slots to some new streams."""
        slots = np.arange(self.count, self.count + len(streams))
        near = (streams >= 0) & (streams < _DENSE)
        if near.any():
            top = int(streams[near].max()) + 1
            if top > len(self._table):
                grown = np.zeros(max(top, 2 * len(self._table)), np.int32)
                grown[: len(self._table)] = self._table
                self._table = grown
            self._table[streams[near]] = slots[near] + 1
        self._far.update(zip(streams[~near].tolist(), slots[~near].tolist(), strict=True))
        self.count += len(streams)

    def find(self, streams: Ints) -> Ints:
        """Slot of each stream; -1 = it has none."""
        near = (streams >= 0) & (streams < len(self._table))
        found = np.full(len(streams), -1, np.int64)
        found[near] = self._table[streams[near]].astype(np.int64) - 1
        if self._far:
            for place in np.flatnonzero(~near).tolist():
                found[place] = self._far.get(int(streams[place]), -1)
        return found


def boot() -> str:
    """Changes with every start of the machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


class LatestWriter:
    """The keeper's side: one process at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self._words_path = folder / "latest.bin", folder / "latest.words"
        self.whole = self._open()

    def _open(self) -> bool:
        """Map the file; False when it must be filled anew."""
        if not self.path.exists():
            self._create(1024)
        self._map()
        header = self._read_header()
        whole = header.get("boot") == boot() and bool(header.get("whole"))
        self.positions = {name: Position(*at) for name, at in header.get("positions", {}).items()}
        count = int(header.get("count", 0)) if whole else 0
        self.slots = Slots(self._records["stream"][:count].copy())
        return whole

    def _create(self, capacity: int) -> None:
        fresh = self.path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.truncate(_HEADER + capacity * RECORD.itemsize)
            file.write(_MAGIC)
        fresh.replace(self.path)
        sync_folder(self.path.parent)

    def _map(self) -> None:
        with self.path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self._generation = np.frombuffer(self._memory, np.uint64, 1, 8)
        self._records: Records = np.frombuffer(self._memory, RECORD, -1, _HEADER)

    def _read_header(self) -> dict[str, Any]:
        return _header(self._memory)

    # -- changing ---------------------------------------------------------------------------
    def reset(self, positions: Mapping[str, Position]) -> None:
        """Forget everything; :meth:`apply` fills it again from these positions on."""
        self._begin()
        self._records[:] = np.zeros(1, RECORD)
        self.slots = Slots(np.zeros(0, np.int64))
        self._words_path.unlink(missing_ok=True)
        self.positions = dict(positions)
        self.whole = True
        self._end()

    def apply(self, batches: Sequence[Batch], positions: Mapping[str, Position]) -> None:
        """Take in new rows (changes are the caller's to look up) and say how far the array is right."""
        parts = [batch if not batch.kind.any() else batch.take(batch.kind == 0) for batch in batches]
        whole = Batch.join([part for part in parts if len(part)])
        rows = whole.take(newest(whole))
        slots = self._slots(rows.stream)
        known = self._records[slots]
        later = (known["present"] == 0) | (rows.time >= known["time"])
        self._begin()
        self._put(slots[later], rows.take(later))
        self.positions = dict(positions)
        self._end()

    def replace(self, rows: Mapping[int, Observation | None]) -> None:
        """Set the newest of some streams, whatever was there; None = it has none any more."""
        if not rows:
            return
        streams = np.array(sorted(rows), np.int64)
        slots = self._slots(streams)
        here = [row for one in streams.tolist() if (row := rows[one]) is not None]
        gone = np.array([rows[one] is None for one in streams.tolist()], bool)
        self._begin()
        emptied = np.zeros(int(gone.sum()), RECORD)
        emptied["stream"] = streams[gone]
        self._records[slots[gone]] = emptied
        self._put(slots[~gone], Batch.of(here))
        self._end()

    def _put(self, slots: Ints, rows: Batch) -> None:
        records = np.zeros(len(rows), RECORD)
        for name in ("stream", "time", "id", "number", "time_end", "result_time", "feature", "quality"):
            records[name] = getattr(rows, name)
        records["present"] = 1
        if rows.text is not None or rows.extra is not None:
            self._put_words(records, rows)
        self._records[slots] = records

    def _put_words(self, records: Records, rows: Batch) -> None:
        with self._words_path.open("ab") as file:
            at = file.tell()
            for place in range(len(rows)):
                text = None if rows.text is None else rows.text[place]
                extra = None if rows.extra is None else rows.extra[place]
                if text is None and extra is None:
                    continue
                said = msgspec.json.encode([text, extra])
                file.write(said)
                records["word_at"][place], records["word_length"][place] = at, len(said)
                at += len(said)

    def _slots(self, streams: Ints) -> Ints:
        slots = self.slots.find(streams)
        if (slots < 0).any():
            fresh = np.unique(streams[slots < 0])
            self._room(self.slots.count + len(fresh))
            self._records["stream"][self.slots.count : self.slots.count + len(fresh)] = fresh
            self.slots.extend(fresh)
            slots = self.slots.find(streams)
        return slots

    def _room(self, needed: int) -> None:
        """Make the file larger in place; readers that mapped less map it again."""
        if needed <= len(self._records):
            return
        capacity = max(needed, 2 * len(self._records))
        with self.path.open("r+b") as file:
            file.truncate(_HEADER + capacity * RECORD.itemsize)
        self._map()

    def _begin(self) -> None:
        self._generation[0] |= np.uint64(1)

    def _end(self) -> None:
        header = {
            "boot": boot(),
            "whole": self.whole,
            "count": self.slots.count,
            "positions": {name: [at.file, at.position] for name, at in self.positions.items()},
        }
        said = json.dumps(header).encode()
        self._memory[16:24] = len(said).to_bytes(8, "little")
        self._memory[24 : 24 + len(said)] = said
        self._generation[0] += np.uint64(1)


class LatestReader:
    """Anybody's side."""

    def __init__(self, folder: Path) -> None:
        self.path, self._words_path = folder / "latest.bin", folder / "latest.words"
        self._memory: mmap.mmap | None = None
        self._inode = 0
        self._slots = Slots(np.zeros(0, np.int64))

    def read(self, streams: Ints) -> tuple[Batch, dict[str, Position]] | None:
        """The newest of each stream and up to where that is right; None when the array cannot say."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if not self._map():
                return None
            assert self._memory is not None
            generation = np.frombuffer(self._memory, np.uint64, 1, 8)
            before = int(generation[0])
            if before % 2 == 0:
                copied = self._copy(streams)
                if copied is not None and int(generation[0]) == before:
                    records, header = copied
                    if not header.get("whole") or header.get("boot") != boot():
                        return None
                    at = {name: Position(*place) for name, place in header["positions"].items()}
                    found = self._rows(records)
                    if found is not None:
                        return found, at
            time.sleep(0.0005)
        return None

    def times(self) -> tuple[Ints, Ints, dict[str, Position]] | None:
        """All streams, the newest time of each, and up to where that is right; None when it cannot be said."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self._map():
            assert self._memory is not None
            generation = np.frombuffer(self._memory, np.uint64, 1, 8)
            before = int(generation[0])
            header = {} if before % 2 else _header(self._memory)
            if header.get("whole") and header.get("boot") == boot():
                records = np.frombuffer(self._memory, RECORD, -1, _HEADER)[: int(header["count"])]
                records = records[records["present"] == 1]
                if int(generation[0]) == before:
                    positions = {n: Position(*at) for n, at in header["positions"].items()}
                    return records["stream"], records["time"], positions
            time.sleep(0.0005)
        return None

    def _copy(self, streams: Ints) -> tuple[Records, dict[str, Any]] | None:
        assert self._memory is not None
        header = _header(self._memory)
        records = np.frombuffer(self._memory, RECORD, -1, _HEADER)
        count = int(header.get("count", 0))
        if count > len(records):
            self._memory = None
            return None
        if count < self._slots.count:
            self._slots = Slots(np.zeros(0, np.int64))
        self._slots.extend(records["stream"][self._slots.count : count].copy())
        slots = self._slots.find(streams)
        chosen: Records = records[slots[slots >= 0]]
        if not (chosen["stream"] == streams[slots >= 0]).all():  # the array was made anew in another order
            self._slots = Slots(np.zeros(0, np.int64))
            return None
        return chosen[chosen["present"] == 1], header

    def _rows(self, records: Records) -> Batch | None:
        batch = Batch.empty(len(records))
        for name in ("stream", "time", "id", "number", "time_end", "result_time", "feature", "quality"):
            setattr(batch, name, records[name].copy())
        if records["word_length"].any():
            try:
                words = self._words(records)
            except (OSError, msgspec.DecodeError, ValueError):
                return None
            batch.text = np.array([word[0] for word in words] + [None], object)[:-1]
            batch.extra = np.array([word[1] for word in words] + [None], object)[:-1]
        return batch

    def _words(self, records: Records) -> list[tuple[str | None, str | None]]:
        found: list[tuple[str | None, str | None]] = []
        with self._words_path.open("rb") as file:
            for at, length in zip(records["word_at"].tolist(), records["word_length"].tolist(), strict=True):
                if not length:
                    found.append((None, None))
                    continue
                file.seek(at)
                text, extra = msgspec.json.decode(file.read(length))
                found.append((text, extra))
        return found

    def _map(self) -> bool:
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return False
        if self._memory is None or self._inode != state.st_ino or len(self._memory) != state.st_size:
            with self.path.open("rb") as file:
                self._memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            self._inode = os.stat(self.path).st_ino
            self._slots = Slots(np.zeros(0, np.int64))
        return True


def newest(batch: Batch) -> Ints:
    """Places of the newest row of each stream: by time, then by place in the log."""
    order = np.lexsort((np.arange(len(batch)), batch.time, batch.stream))
    stream = batch.stream[order]
    last = np.append(stream[1:] != stream[:-1], True) if len(batch) else np.zeros(0, bool)
    chosen: Ints = order[last]
    return chosen


def _header(memory: mmap.mmap) -> dict[str, Any]:
    length = int.from_bytes(memory[16:24], "little")
    if not 0 < length < _HEADER - 24:
        return {}
    try:
        found: dict[str, Any] = json.loads(memory[24 : 24 + length])
    except ValueError:  # half written: the generation will tell
        return {}
    return found
