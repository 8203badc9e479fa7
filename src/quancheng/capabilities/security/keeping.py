"""密钥保管: making keys, opening them, and the handles that sign with them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import lru_cache

from django.db import connection

from quancheng.capabilities.security import vault
from quancheng.capabilities.security.models import Key
from quancheng.core.keys import Algorithm, MemoryKey, PublicKey, from_spki
from quancheng.core.text import Text
from quancheng.kernel import keyring
from quancheng.kernel.errors import Conflict, Unavailable

__all__ = ["KeyHandle", "bound", "open_key", "sealed_private"]

FRESH_SECONDS = 5.0
"""How long a handle believes that its key is still active: the delay of a rotation in other processes."""


def bound(purpose: str, kid: str) -> str:
    """What a sealed private part is tied to."""
    return f"key {purpose} {kid}"


def sealed_private(key: MemoryKey, purpose: str) -> bytes:
    """The private part under the master key."""
    return vault.seal(vault.master(), key.private_bytes(), bound(purpose, key.public.kid.hex()))


def open_key(row: Key) -> MemoryKey:
    """The key of a row, from the master key. Raises Conflict (destroyed), Unavailable (needs a quorum)."""
    if not row.sealed:
        raise Conflict(Text("密钥已销毁，不能再签名。", "The key is destroyed and signs no more."))
    if row.sealed_by != vault.MASTER:
        raise Unavailable(
            Text(
                "此密钥由多人分持，须先会合份额。",
                "This key is held by several people: gather their shares first.",
            )
        )
    return _opened(row.purpose, row.algorithm, row.kid, bytes(row.sealed), str(vault.master_path()))


@lru_cache(maxsize=128)
def _opened(purpose: str, algorithm: str, kid: str, sealed: bytes, master: str) -> MemoryKey:
    private = vault.open_sealed(vault.master(), sealed, bound(purpose, kid))
    return MemoryKey.from_private(Algorithm(algorithm), private)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A block of uses drawn in a transaction that is not over yet."""

    mark: object


class KeyHandle:
    """密钥句柄 for code of this platform: ``core.keys.SigningKey`` over a row of keys.

    Uses are drawn in blocks (``security.block_signatures``): one counted, audited action for so many
    signatures, so that signing costs no write. What a process leaves over when it ends counts as used.
    Raises TooMany when the caller's quota is used up, Conflict when the key was rotated away.
    """

    def __init__(self, row: Key, caller: str) -> None:
        self._row_id, self.caller, self.purpose = row.pk, caller, row.purpose
        self._public = from_spki(bytes(row.spki))
        self._lock = threading.Lock()
        self._left = 0
        self._ahead: _Ahead | None = None
        self._key: MemoryKey | None = None
        self._looked = float("-inf")

    @property
    def public(self) -> PublicKey:
        """The key that verifies."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """A signature in the form ``PublicKey.verify`` takes."""
        with self._lock:
            key = self._opened()
            self._take()
        return key.sign(message)

    def _opened(self) -> MemoryKey:
        now = time.monotonic()
        if self._key is None or now - self._looked > FRESH_SECONDS:
            row = Key.objects.get(pk=self._row_id)
            if row.state != Key.State.ACTIVE:
                self._key = None
                raise Conflict(
                    Text(
                        f"密钥{row.kid}已不在用，请换用新密钥。",
                        f"The key {row.kid} is no longer active; ask for the new one.",
                    )
                )
            self._key, self._looked = open_key(row), now
        return self._key

    def _take(self) -> None:
        """One use; draws a block when none is left. A block drawn in a transaction that was undone is void."""
        from quancheng.capabilities.security.actions import draw_uses
        from quancheng.kernel.actions import Call

        if self._ahead is not None and not self._still_ahead():
            self._left, self._ahead = 0, None
        if self._left <= 0:
            self._left = draw_uses(Call.system("security"), key_id=self._row_id, caller=self.caller)
            self._mark_ahead()
        self._left -= 1

    def _mark_ahead(self) -> None:
        if not connection.in_atomic_block:
            return

        def kept() -> None:
            if self._ahead is not None and self._ahead.mark is kept:
                self._ahead = None

        self._ahead = _Ahead(kept)
        connection.on_commit(kept)

    def _still_ahead(self) -> bool:
        """Whether the transaction in which the block was drawn is still open here; if undone, its callback is gone."""
        ahead = self._ahead
        return ahead is not None and any(one[1] is ahead.mark for one in connection.run_on_commit)


def check_sealed(row: Key) -> None:
    """Raises Unavailable when the private part cannot be opened or is not that of the public one."""
    if row.handle == Key.Handle.RING:
        if not keyring.holds(row.purpose, row.public):
            raise Unavailable(Text("密钥圈中没有这把私钥。", "The key ring does not hold this private key."))
    elif open_key(row).public != row.public:
        raise Unavailable(Text("私钥与公钥不符。", "The private key is not that of the public key."))
