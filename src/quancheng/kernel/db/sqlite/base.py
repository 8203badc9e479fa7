"""SQLite backend with one write queue across threads and processes.

SQLite lets one transaction write at a time but picks the next writer by busy-wait: with four
writing processes one was seen to starve for seconds (docs/decisions/0002). Here every write
transaction takes its place in :class:`~quancheng.kernel.db.queue.WriteQueue` first, so writers
are served in turn and the wait is bounded by the work ahead of them.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.sqlite3 import base

from quancheng.kernel.db.queue import WriteQueue, queue_for


class DatabaseWrapper(base.DatabaseWrapper):
    """The stock wrapper, plus a turn in the queue around BEGIN IMMEDIATE … COMMIT."""

    _turn: WriteQueue | None = None

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._give_turn()
            raise

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if autocommit:
            self._give_turn()

    def _commit(self) -> Any:
        try:
            return super()._commit()  # type: ignore[misc]
        finally:
            self._give_turn_if_done()

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._give_turn_if_done()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            self._give_turn()

    def _take_turn(self) -> None:
        if self._turn is None and not self.is_in_memory_db():
            queue = queue_for(str(self.settings_dict["NAME"]))
            queue.acquire()
            self._turn = queue

    def _give_turn_if_done(self) -> None:
        if self.connection is None or not self.connection.in_transaction:
            self._give_turn()

    def _give_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.release()
