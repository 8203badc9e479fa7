"""Checkpoints (C2SP tlog-checkpoint): the body of a note that says how large a log is and its root."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from quancheng.core.merkle import TreeHead
from quancheng.core.tlog.errors import LogFault, LogReason

__all__ = ["Checkpoint"]

_SIZE = re.compile("0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """检查点: origin, size, root, and lines of extension."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def head(self) -> TreeHead:
        """Size and root."""
        return TreeHead(self.size, self.root)

    def text(self) -> str:
        """The body of the note."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def read(cls, body: str) -> Checkpoint:
        """From the body of a note. Raises LogFault."""
        origin, size, root, *more = [*body.split("\n")[:-1], "", "", ""][: max(3, body.count("\n"))]
        if not origin or not _SIZE.fullmatch(size):
            raise LogFault(LogReason.MALFORMED, "origin or size")
        try:
            digest = base64.b64decode(root, validate=True)
        except (ValueError, binascii.Error):
            raise LogFault(LogReason.MALFORMED, "root") from None
        if len(digest) != 32 or base64.b64encode(digest).decode() != root or "" in more:
            raise LogFault(LogReason.MALFORMED, "root or extensions")
        return cls(origin, int(size), digest, tuple(more))
