"""Cipher suites and strengths: what a link is protected by, in words everybody may see."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from quancheng.core.linkkey.errors import LinkFault, LinkReason
from quancheng.core.sm import SmFault, sm4_gcm_decrypt, sm4_gcm_encrypt

__all__ = ["Aead", "Strength", "Suite"]

TAG = 16


class Strength(StrEnum):
    """What stands behind a link's keys (链路强度), weakest first by ``rank``.

    ``FULL``: X25519, ML-KEM-768 and a QKD key; ``POST_QUANTUM``: X25519 and ML-KEM-768, because the
    QKD key was away. There is nothing weaker.
    """

    POST_QUANTUM = "POST_QUANTUM"
    FULL = "FULL"

    @property
    def rank(self) -> int:
        """Higher is stronger."""
        return list(Strength).index(self)


class Suite(StrEnum):
    """Record protection with its hash (密码套件): AES-256-GCM with SHA-256, SM4-GCM with SM3 (GB/T)."""

    AES_256_GCM = "AES-256-GCM-SHA256"
    SM4_GCM = "SM4-GCM-SM3"

    @property
    def key_size(self) -> int:
        """Bytes of a record key."""
        return 32 if self is Suite.AES_256_GCM else 16

    @property
    def _hash(self) -> hashes.HashAlgorithm:
        return hashes.SHA256() if self is Suite.AES_256_GCM else hashes.SM3()

    def digest(self, *parts: bytes) -> bytes:
        """Hash of length-prefixed parts, 32 bytes: no two lists of parts collide by being joined."""
        state = hashes.Hash(self._hash)
        for part in parts:
            state.update(len(part).to_bytes(4, "big") + part)
        return state.finalize()

    def code(self, key: bytes, data: bytes) -> bytes:
        """HMAC, 32 bytes."""
        state = hmac.HMAC(key, self._hash)
        state.update(data)
        return state.finalize()

    def derive(self, secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
        """HKDF (RFC 5869) with the suite's hash."""
        return HKDF(self._hash, size, salt, info).derive(secret)


class Aead:
    """A record key that can be forgotten (可销毁的密钥). A dropped key object is the best Python can do:

    its bytes are freed by the library, not certainly overwritten; a hardware module does better.
    """

    __slots__ = ("_open", "_seal")

    def __init__(self, suite: Suite, key: bytes) -> None:
        self._seal: Callable[[bytes, bytes, bytes], bytes] | None
        self._open: Callable[[bytes, bytes, bytes], bytes] | None
        if suite is Suite.AES_256_GCM:
            cipher = AESGCM(key)
            self._seal, self._open = cipher.encrypt, cipher.decrypt
        else:
            self._seal = lambda nonce, plain, extra: sm4_gcm_encrypt(key, nonce, plain, extra)
            self._open = lambda nonce, sealed, extra: sm4_gcm_decrypt(key, nonce, sealed, extra)

    def seal(self, nonce: bytes, plain: bytes, extra: bytes) -> bytes:
        """Ciphertext and tag. Raises LinkFault (ERASED)."""
        if self._seal is None:
            raise LinkFault(LinkReason.ERASED)
        return self._seal(nonce, plain, extra)

    def open(self, nonce: bytes, sealed: bytes, extra: bytes) -> bytes:
        """Plaintext. Raises LinkFault (TAMPERED, ERASED)."""
        if self._open is None:
            raise LinkFault(LinkReason.ERASED)
        try:
            return self._open(nonce, sealed, extra)
        except (InvalidTag, SmFault):
            raise LinkFault(LinkReason.TAMPERED) from None

    def erase(self) -> None:
        """Forget the key; nothing more is sealed or opened."""
        self._seal = self._open = None
