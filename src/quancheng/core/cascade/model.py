"""级联模型: rows with one owner, the copies of them that nodes hold, cursors into logs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from quancheng.core.cascade.errors import CascadeError, Reason

__all__ = [
    "Copy",
    "Cursor",
    "Head",
    "Path",
    "Row",
    "RowId",
    "Scope",
    "Standing",
    "Stream",
    "StreamKind",
    "Supply",
    "Version",
    "check_name",
]

Path = tuple[str, ...]
LONGEST_NAME = 200


def check_name(name: str, what: str) -> str:
    """Return a name of a node, stream, organ or row if it is one, else ``CascadeError`` (BAD_NAME).

    1 to 200 printable characters without blanks at the ends: names are keys in every store of every
    node, where blanks and control characters are folded differently.
    """
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        raise CascadeError(Reason.BAD_NAME, f"{what} needs 1 to {LONGEST_NAME} characters: {name!r:.60}")
    if not name.isprintable() or name != name.strip():
        raise CascadeError(Reason.BAD_NAME, f"{what} has blanks at its ends or control characters: {name!r}")
    return name


class StreamKind(StrEnum):
    """What a stream carries (数据流种类)."""

    CATALOGUE = "catalogue"
    TABLE = "table"
    CORRECTION = "correction"


class Stream(NamedTuple):
    """A stream of rows that shares one log per node (数据流)."""

    kind: StreamKind
    name: str


class RowId(NamedTuple):
    """The name of a row for ever (稳定标识): the node where it began, and its name there.

    Ordered by code points, as SQLite's BINARY and PostgreSQL's "C" collation order UTF-8.
    """

    origin: str
    local: str


class Version(NamedTuple):
    """When in the life of a row (版本): greater wins.

    ``term`` counts changes of ownership, ``epoch`` is the life of the owner's log, ``number`` grows with
    its edits. (term, 0, 0) is a hand-over that the new owner has not taken yet.
    """

    term: int
    epoch: int
    number: int

    def next(self, epoch: int, number: int) -> Version:
        """The owner's next version, made at a number of its log; greater, even if its epoch is behind.

        The log number and not a count per row: a row that was deleted, forgotten and made again must be
        newer than the tombstone that others still keep.
        """
        if self.epoch >= epoch:
            return Version(self.term, self.epoch, max(self.number + 1, number))
        return Version(self.term, epoch, number)

    @property
    def untaken(self) -> bool:
        """Whether this is a hand-over that nobody has taken yet."""
        return self.epoch == 0 and self.number == 0


class Scope(NamedTuple):
    """What decides who may hold a row (管辖): region code (GB/T 2260 …), organ, owner node."""

    region: str
    organ: str
    owner: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row or catalogue entry as its owner made it (数据行).

    ``body`` is opaque canonical text ("" when deleted); ``evidence`` names what proves it (a signed
    message, an anchor) and is relayed unchanged; ``former`` are earlier owners, oldest first.
    """

    id: RowId
    owner: str
    version: Version
    region: str
    organ: str
    body: str
    deleted: bool = False
    evidence: str = ""
    former: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """What decides who may hold it."""
        return Scope(self.region, self.organ, self.owner)

    def digest(self) -> bytes:
        """SHA-256 (32 bytes) of the row in canonical JSON (array form, no blanks, UTF-8).

        A row that cannot be written as UTF-8 (lone surrogates) is refused: BAD_ROW.
        """
        text = json.dumps(
            (
                *self.id,
                self.owner,
                *self.version,
                self.region,
                self.organ,
                self.body,
                self.deleted,
                self.evidence,
                self.former,
            ),
            ensure_ascii=False,
            separators=(",", ":"),
        )
        try:
            return hashlib.sha256(text.encode()).digest()
        except UnicodeEncodeError as error:
            raise CascadeError(Reason.BAD_ROW, f"row {self.id} is not text: {error}") from error

    def stripped(self) -> Row:
        """The row without its content: what a node may keep of a row it may no longer hold."""
        return replace(self, body="", evidence="")


class Supply(NamedTuple):
    """A neighbour that vouches for a copy (供给), and the path from the owner to it, it included."""

    neighbour: str
    path: Path


class Standing(NamedTuple):
    """A past state of a copy as far as it decides who was offered it (既往状态).

    ``scope`` None means that more changes happened than are kept: everyone may have been offered it; of
    the paths only the last nodes remain.
    """

    scope: Scope | None
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """A row as one node holds it (副本).

    ``seq`` and ``at`` (seconds) are of the node's own log; ``held`` is False for the marker of a row
    that was withdrawn from this node. ``rooted``: here by right of ownership (or former ownership, until
    the new owner is heard), not by a neighbour's supply.
    """

    row: Row
    seq: int
    at: int
    held: bool
    rooted: bool
    supplies: tuple[Supply, ...] = ()
    trail: tuple[Standing, ...] = ()

    @property
    def live(self) -> bool:
        """Whether the node has the row's content."""
        return self.held and not self.row.deleted

    @property
    def givers(self) -> frozenset[str]:
        """The neighbours that once supported it, as far as its trail goes."""
        return frozenset(path[-1] for past in self.trail for path in past.paths if path)

    @property
    def overtaken(self) -> bool:
        """Whether it is the marker of a hand-over that was taken since, and somebody may not know it yet."""
        return not self.held and bool(self.row.former) and bool(self.givers)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The ways the copy is supported: () for its root, else from the owner to a neighbour."""
        supplied = tuple(supply.path for supply in self.supplies)
        return ((), *supplied) if self.rooted else supplied


class Head(NamedTuple):
    """The end of a log (日志头): epoch, last number, and the number up to which the dead are forgotten."""

    epoch: int
    seq: int = 0
    floor: int = 0


class Cursor(NamedTuple):
    """How far a node has read a neighbour's log (游标).

    While ``snapshot`` it has the rows up to ``after`` (None: none yet) of a snapshot begun at ``seq``;
    then it has all changes up to ``seq``. ``route`` is the revision of the filter it was read through.
    """

    epoch: int
    seq: int
    route: int
    snapshot: bool = False
    after: RowId | None = None
