"""在播清单: the streams that run, in a file, so that a killed signalling leaves no camera sending and no viewer watching."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog

from quancheng.capabilities.video.signalling.dialogs import Dialog
from quancheng.capabilities.video.signalling.wire import Target

__all__ = ["Entry", "Ledger"]

log = structlog.get_logger(__name__)
_AHEAD = 1000
"""A request after a restart has a higher number than any that may have gone out unwritten (RFC 3261 §12.2.1.1)."""


@dataclass(slots=True)
class Entry:
    """One stream at the media server: who holds a token for it, and the dialogs that keep it running."""

    stream: str
    tokens: list[str] = field(default_factory=list)
    dialogs: list[Dialog] = field(default_factory=list)


class Ledger:
    """The file; without a path nothing is kept. It is small: a city watches some hundred cameras at once."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def write(self, entries: Iterable[Entry]) -> None:
        """Put away what runs; the old file stays whole until the new one is. A failure is logged: plays go on."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_text(
                json.dumps([asdict(one) for one in entries], ensure_ascii=False), encoding="utf-8"
            )
            part.replace(self._path)
        except OSError:
            log.exception("video.ledger.not_written", path=str(self._path))

    def left(self) -> list[Entry]:
        """What ran when the last process ended; nothing when the file is missing or spoilt."""
        if self._path is None:
            return []
        try:
            return [_entry(one) for one in json.loads(self._path.read_text(encoding="utf-8"))]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError):
            log.exception("video.ledger.spoilt", path=str(self._path))
            return []


def _entry(one: dict[str, Any]) -> Entry:
    dialogs = [
        Dialog(**(row | {"target": Target(**row["target"]), "sequence": row["sequence"] + _AHEAD}))
        for row in one["dialogs"]
    ]
    return Entry(str(one["stream"]), [str(token) for token in one["tokens"]], dialogs)
