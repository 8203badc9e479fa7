"""读日志: tail the logs of all writers, from where a consumer stopped.

A reader follows each writer's files in order. A frame that is not whole is waited for when nothing
whole follows it; when something does, the bytes between are damaged: they are copied aside, reported
loudly, and reading goes on after them. Nothing damaged is ever given to a consumer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from quancheng.capabilities.observations import frames
from quancheng.capabilities.observations.config import log_folder
from quancheng.capabilities.observations.log_files import Position, numbers, path_of, writers
from quancheng.capabilities.observations.values import Batch
from quancheng.kernel import clock
from quancheng.kernel.models import writing

log = structlog.get_logger(__name__)
_CHUNK = 64 << 20
"""Read at once; longer than any frame."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One frame as read: where it was, and where reading goes on."""

    writer: str
    start: Position
    end: Position
    batch: Batch


@dataclass(slots=True)
class Follower:
    """Reads on from given positions; no database, no memory of its own beyond them."""

    folder: Path
    positions: dict[str, Position] = field(default_factory=dict)
    _waiting: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """By writer: file, position and size at which an unfinished frame was found."""

    def read(self, max_rows: int) -> Iterator[Piece]:
        """Frames that came since, at most so many rows (and one frame)."""
        left = max_rows
        for writer in writers(self.folder):
            for piece in self._of(writer):
                self.positions[writer] = piece.end
                yield piece
                left -= len(piece.batch)
                if left <= 0:
                    return

    def _of(self, writer: str) -> Iterator[Piece]:
        position = self.positions.get(writer, Position())
        known = numbers(self.folder, writer)
        for number in known:
            if number < position.file:
                continue
            start = position.position if number == position.file else 0
            yield from self._file(writer, number, start, last=number == known[-1])

    def _file(self, writer: str, number: int, start: int, *, last: bool) -> Iterator[Piece]:
        path = path_of(self.folder, writer, number)
        at = start
        while True:
            data = self._chunk(path, at)
            if not len(data) or self._waiting.get(writer) == (number, at, at + len(data)):
                return
            used = 0
            while used < len(data):
                try:
                    frame = frames.decode(data, used)
                except (frames.Torn, frames.Broken) as fault:
                    if isinstance(fault, frames.Torn) and used and len(data) >= _CHUNK:
                        break  # only the chunk ends here; read on from this frame
                    after = self._whole_again(path, at + used)
                    if after == at + used:
                        break  # it was being written while we read; read on from it
                    if after is None:
                        if last:
                            self._waiting[writer] = (number, at + used, at + len(data))
                            self.positions[writer] = Position(number, at + used)
                        return
                    set_aside(path, writer, number, at + used, after)
                    self.positions[writer] = Position(number, after)
                    used = after - at
                    if used >= len(data):
                        break
                    continue
                begin, end = Position(number, at + used), Position(number, at + frame.end)
                used = frame.end
                yield Piece(writer, begin, end, frame.batch)
            at += used

    @staticmethod
    def _chunk(path: Path, at: int) -> memoryview:
        """Bytes from a place on; aligned to eight as frames are."""
        try:
            with path.open("rb") as file:
                file.seek(at)
                length = os.fstat(file.fileno()).st_size - at
                return memoryview(file.read(min(max(length, 0), _CHUNK)))
        except FileNotFoundError:
            return memoryview(b"")

    @staticmethod
    def _whole_again(path: Path, at: int) -> int | None:
        """Where the first whole frame from ``at`` on begins; None when there is none (yet).

        What came before in memory is not used: since it was read, the writer may have finished that
        frame and written the next. Bytes of one read are all there up to its end, so a whole frame
        that follows proves that what is before it was altered.
        """
        with path.open("rb") as file:
            file.seek(at)
            rest = memoryview(file.read())
        after = frames.resume(rest, 0)
        return None if after is None else at + after


def set_aside(path: Path, writer: str, number: int, start: int, end: int) -> None:
    """Copy damaged bytes into quarantine and say so in the log and in the table, once."""
    from django.db import DatabaseError

    from quancheng.capabilities.observations.models import Damage

    place = path.parent.parent.parent / "quarantine"
    place.mkdir(parents=True, exist_ok=True)
    kept = place / f"{writer}-{number}-{start}-{end}.bin"
    if not kept.exists():
        with path.open("rb") as file:
            file.seek(start)
            kept.write_bytes(file.read(end - start))
        log.error(
            "observations.log.damaged", writer=writer, file=number, start=start, end=end, kept=str(kept.name)
        )
    try:
        with writing("observations.damage"):
            Damage.objects.get_or_create(
                writer=writer,
                file=number,
                start=start,
                defaults={"end": end, "kept_as": kept.name, "found_at": clock.now()},
            )
    except DatabaseError:
        log.exception("observations.log.damage_not_recorded", writer=writer, file=number, start=start)


class LogReader:
    """One consumer of all logs; its offsets are rows of the database.

    ``poll`` reads on; ``commit`` remembers that all that was polled was dealt with (in the caller's
    transaction, when there is one). A consumer that dies between the two sees those rows again.
    """

    def __init__(self, name: str, place: Path | None = None) -> None:
        self.name = name
        self._follower = Follower(place or log_folder(), offsets(name))

    def poll(self, max_rows: int = 100_000) -> list[Batch]:
        """Batches that came since; empty when there are none. Never waits."""
        return [piece.batch for piece in self._follower.read(max_rows)]

    def pieces(self, max_rows: int) -> list[Piece]:
        """The same with positions, for the keeper."""
        return list(self._follower.read(max_rows))

    @property
    def positions(self) -> Mapping[str, Position]:
        """Where reading goes on, by writer."""
        return dict(self._follower.positions)

    def commit(self, positions: Mapping[str, Position] | None = None) -> None:
        """Remember the positions: those reached, or earlier ones that were."""
        save_offsets(self.name, self._follower.positions if positions is None else positions)

    def rewind(self) -> None:
        """Back to what was committed: what was polled since will be polled again."""
        self._follower = Follower(self._follower.folder, offsets(self.name))


def last_append(place: Path | None = None) -> int | None:
    """When anything was appended last, by any writer, in µs: of the files' times; None for an empty log.

    Never in the future, whatever the clock did since.
    """
    folder = place or log_folder()
    times = [one.stat().st_mtime_ns for one in folder.glob("*/*.log") if one.stat().st_size]
    return min(max(times) // 1000, int(clock.now().timestamp() * 1_000_000)) if times else None


def offsets(consumer: str) -> dict[str, Position]:
    """Where a consumer stopped, by writer."""
    from quancheng.capabilities.observations.models import LogOffset

    rows = LogOffset.objects.filter(consumer=consumer).values_list("writer", "file", "position")
    return {writer: Position(file, position) for writer, file, position in rows}


def save_offsets(consumer: str, positions: Mapping[str, Position]) -> None:
    """Write a consumer's positions; only those that moved."""
    from quancheng.capabilities.observations.models import LogOffset

    known = offsets(consumer)
    now = clock.now()
    with writing("observations.offsets"):
        for writer, position in positions.items():
            if known.get(writer) != position:
                LogOffset.objects.update_or_create(
                    consumer=consumer,
                    writer=writer,
                    defaults={"file": position.file, "position": position.position, "at": now},
                )
