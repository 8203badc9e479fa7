"""SM4 分组密码 (GB/T 32907-2016) in GCM (RFC 8998 section 2.1: 12-byte nonce, 16-byte tag)."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from quancheng.core.sm.errors import SmFault

__all__ = ["sm4_gcm_decrypt", "sm4_gcm_encrypt"]

_TAG = 16


def sm4_gcm_encrypt(key: bytes, nonce: bytes, plain: bytes, associated: bytes = b"") -> bytes:
    """Ciphertext followed by the tag. Never use a nonce twice with one key. Raises SmFault."""
    encryptor = Cipher(_sm4(key), modes.GCM(_nonce(nonce))).encryptor()
    encryptor.authenticate_additional_data(associated)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def sm4_gcm_decrypt(key: bytes, nonce: bytes, sealed: bytes, associated: bytes = b"") -> bytes:
    """Plaintext of ``sm4_gcm_encrypt``. Raises SmFault when anything was changed."""
    if len(sealed) < _TAG:
        raise SmFault("shorter than its tag")
    decryptor = Cipher(_sm4(key), modes.GCM(_nonce(nonce), sealed[-_TAG:])).decryptor()
    decryptor.authenticate_additional_data(associated)
    try:
        return decryptor.update(sealed[:-_TAG]) + decryptor.finalize()
    except InvalidTag:
        raise SmFault("the tag does not hold") from None


def _sm4(key: bytes) -> algorithms.SM4:
    if len(key) != 16:
        raise SmFault(f"an SM4 key has 16 bytes, not {len(key)}")
    return algorithms.SM4(key)


def _nonce(nonce: bytes) -> bytes:
    if len(nonce) != 12:
        raise SmFault(f"a GCM nonce has 12 bytes here, not {len(nonce)}")
    return nonce
