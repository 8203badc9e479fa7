"""变化检测: which rows of a delivery are new, changed or gone, from an index of digests.

The index is 32 bytes a row (digest of the key, digest of the row), sorted: one million rows are 32 MB,
of the old delivery; the rows themselves are not kept. Rows come in any order. A delivery without
changes gives the same index again, byte for byte, so nothing need be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from quancheng.core.tabular.convert import Record
from quancheng.core.tabular.digest import SIZE, digest
from quancheng.core.tabular.errors import Reason, TableError
from quancheng.core.tabular.keys import key_of

__all__ = ["Delta", "DeltaKind", "Difference", "RowIndex"]

_BATCH = 4096
_ENTRY = 2 * SIZE


class DeltaKind(StrEnum):
    """What happened to a row (行变化)."""

    ADDED = "added"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Delta:
    """One change (变化). ``key`` is the digest of the row's key; a deleted row has no record any more."""

    kind: DeltaKind
    key: bytes
    record: Record | None


class RowIndex:
    """Digests of all rows of a delivery (行索引); ``data`` is what is stored."""

    def __init__(self, data: bytes = b"") -> None:
        if len(data) % _ENTRY:
            raise ValueError("an index has 32 bytes a row")
        self.data = data
        table = np.frombuffer(data, dtype=">u8").reshape(-1, 4)
        self._high: NDArray[np.uint64] = table[:, 0].astype(np.uint64)
        if len(self._high) > 1 and bool((self._high[1:] < self._high[:-1]).any()):
            raise ValueError("an index is sorted")

    def __len__(self) -> int:
        return len(self._high)

    def key(self, at: int) -> bytes:
        """Digest of the key of an entry."""
        return self.data[at * _ENTRY : at * _ENTRY + SIZE]

    def row(self, at: int) -> bytes:
        """Digest of the row of an entry."""
        return self.data[at * _ENTRY + SIZE : (at + 1) * _ENTRY]

    def find(self, keys: Sequence[bytes]) -> list[int]:
        """Entries of keys, -1 where there is none."""
        if not len(self):
            return [-1] * len(keys)
        wanted = np.frombuffer(b"".join(keys), dtype=">u8").reshape(-1, 2)[:, 0].astype(np.uint64)
        return [
            self._exact(key, at)
            for key, at in zip(keys, np.searchsorted(self._high, wanted).tolist(), strict=True)
        ]

    def _exact(self, key: bytes, at: int) -> int:
        while at < len(self) and self.data[at * _ENTRY : at * _ENTRY + 8] == key[:8]:
            if self.key(at) == key:
                return at
            at += 1
        return -1


class Difference:
    """Compares a delivery with the index of the one before, as a stream (比对).

    Iterate ``deltas`` to the end; then ``index`` is the new index and the counts are final. Apply deltas
    in one transaction: a key that occurs twice, or none, ends the iteration with ``TableError`` (settle
    doubled keys before). ``key``: indexes of the key's columns.
    """

    def __init__(self, old: RowIndex, key: Sequence[int]) -> None:
        self.added = 0
        self.changed = 0
        self.deleted = 0
        self.unchanged = 0
        self._old = old
        self._key = tuple(key)
        self._seen = bytearray(len(old))
        self._entries: list[bytes] = []
        self._index: RowIndex | None = None

    @property
    def index(self) -> RowIndex:
        """The new index; ``ValueError`` before the end of ``deltas``."""
        if self._index is None:
            raise ValueError("the deltas were not read to the end")
        return self._index

    def deltas(self, records: Iterable[Record]) -> Iterator[Delta]:
        """Added and changed rows in their order, then the deleted ones."""
        source = iter(records)
        while batch := list(islice(source, _BATCH)):
            yield from self._compare(batch)
        for at, seen in enumerate(self._seen):
            if not seen:
                self.deleted += 1
                yield Delta(DeltaKind.DELETED, self._old.key(at), None)
        self._entries.sort()
        for one, other in zip(self._entries, self._entries[1:], strict=False):
            if one[:SIZE] == other[:SIZE]:
                raise TableError(Reason.KEY_DOUBLED)
        self._index = RowIndex(b"".join(self._entries))
        self._entries = []

    def _compare(self, batch: Sequence[Record]) -> Iterator[Delta]:
        keys = [self._key_digest(record) for record in batch]
        for record, key, at in zip(batch, keys, self._old.find(keys), strict=True):
            row = digest(record.values)
            self._entries.append(key + row)
            if at < 0:
                self.added += 1
                yield Delta(DeltaKind.ADDED, key, record)
                continue
            if self._seen[at]:
                raise TableError(Reason.KEY_DOUBLED, str(record.place.row))
            self._seen[at] = 1
            if self._old.row(at) == row:
                self.unchanged += 1
            else:
                self.changed += 1
                yield Delta(DeltaKind.CHANGED, key, record)

    def _key_digest(self, record: Record) -> bytes:
        key = key_of(record, self._key)
        if key is None:
            raise TableError(Reason.KEY_MISSING, str(record.place.row))
        return digest(key)
