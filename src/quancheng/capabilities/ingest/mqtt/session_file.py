"""会话文件: sessions that outlive their connection, on disk, so that a restart forgets none.

One SQLite file of the gateway's own: subscriptions and messages not delivered yet. Commands to devices are
not in it (they are rows of ``ingest.Command``). Writes are gathered and made durable together.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from quancheng.core.mqtt import Message, Session, Subscription

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (client TEXT PRIMARY KEY, body BLOB NOT NULL, until REAL NOT NULL) WITHOUT ROWID
"""


class _Kept(msgspec.Struct, array_like=True):
    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: dict[str, Any]


class _Body(msgspec.Struct, array_like=True):
    expiry: int
    subscriptions: list[Subscription]
    identifiers: dict[str, int]
    messages: list[_Kept]


_encode = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(_Body)


@dataclass(frozen=True, slots=True)
class Saved:
    """A session as bytes, and until when it is worth keeping (seconds since 1970)."""

    client: str
    body: bytes
    until: float


def saved(session: Session, until: float) -> Saved:
    """A session frozen for the file; commands are left out."""
    messages = [
        _Kept(one.topic, one.payload, one.qos, one.retain, dict(one.properties))
        for one in session.undelivered()
        if not one.reference
    ]
    body = _Body(session.expiry, list(session.subscriptions.values()), session.identifiers, messages)
    return Saved(session.client_id, _encode.encode(body), until)


def _session(client: str, raw: bytes, most: int) -> Session:
    body = _decode.decode(raw)
    session = Session(client, body.expiry, most_waiting=most)
    session.subscriptions = {one.filter: one for one in body.subscriptions}
    session.identifiers = body.identifiers
    for one in body.messages:
        properties = one.properties
        if "user_property" in properties:
            properties["user_property"] = [tuple(pair) for pair in properties["user_property"]]
        session.waiting.append(Message(one.topic, one.payload, one.qos, one.retain, properties))
    return session


class SessionFile:
    """The file. Not for several threads at a time."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=FULL")
        self._base.execute(_SCHEMA)

    def load(self, most: int) -> Iterator[tuple[Session, float]]:
        """Sessions not out of date, with the moment they end."""
        now = time.time()
        self._base.execute("DELETE FROM session WHERE until < ?", (now,))
        for client, body, until in self._base.execute("SELECT client, body, until FROM session"):
            yield _session(client, body, most), until

    def write(self, keep: Iterable[Saved], drop: Iterable[str]) -> None:
        """Durable when it returns."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            self._base.executemany("DELETE FROM session WHERE client = ?", [(one,) for one in drop])
            self._base.executemany(
                "INSERT OR REPLACE INTO session VALUES (?, ?, ?)",
                [(one.client, one.body, one.until) for one in keep],
            )
            self._base.execute("COMMIT")
        except BaseException:
            self._base.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Let the file go."""
        self._base.close()
