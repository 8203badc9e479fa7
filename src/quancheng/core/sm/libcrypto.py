"""The few functions of OpenSSL 3's libcrypto that SM2 needs, typed (GM/T 0003 = GB/T 32918).

One place for all ctypes. Handles are freed when their Python owner goes.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_void_p
from functools import cache
from typing import Any

from quancheng.core.sm.errors import SmFault, SmUnavailable

__all__ = ["KeyHandle", "decrypt", "encrypt", "load_private", "load_public", "sign", "verify"]

_Signature = tuple[Any, list[Any]]
_FUNCTIONS: dict[str, _Signature] = {
    "d2i_PUBKEY": (c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
    "d2i_AutoPrivateKey": (c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
    "EVP_PKEY_free": (None, [c_void_p]),
    "EVP_PKEY_CTX_new": (c_void_p, [c_void_p, c_void_p]),
    "EVP_PKEY_CTX_free": (None, [c_void_p]),
    "EVP_PKEY_CTX_set1_id": (c_int, [c_void_p, c_char_p, c_int]),
    "EVP_MD_CTX_new": (c_void_p, []),
    "EVP_MD_CTX_free": (None, [c_void_p]),
    "EVP_MD_CTX_set_pkey_ctx": (None, [c_void_p, c_void_p]),
    "EVP_sm3": (c_void_p, []),
    "EVP_DigestSignInit": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EVP_DigestSign": (c_int, [c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t]),
    "EVP_DigestVerifyInit": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EVP_DigestVerify": (c_int, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "EVP_PKEY_encrypt_init": (c_int, [c_void_p]),
    "EVP_PKEY_encrypt": (c_int, [c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t]),
    "EVP_PKEY_decrypt_init": (c_int, [c_void_p]),
    "EVP_PKEY_decrypt": (c_int, [c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t]),
    "ERR_clear_error": (None, []),
}


@cache
def _lib() -> Any:
    name = ctypes.util.find_library("crypto") or "libcrypto.so.3"
    try:
        lib = ctypes.CDLL(name)
        for function, (result, arguments) in _FUNCTIONS.items():
            bound = getattr(lib, function)
            bound.restype, bound.argtypes = result, arguments
    except (OSError, AttributeError) as missing:
        raise SmUnavailable(f"libcrypto of OpenSSL 3 is needed for SM2: {missing}") from None
    return lib


class KeyHandle:
    """An EVP_PKEY that is freed with its owner (密钥句柄)."""

    __slots__ = ("_free", "pointer")

    def __init__(self, pointer: int) -> None:
        self.pointer = pointer
        self._free: Callable[[int], None] = _lib().EVP_PKEY_free

    def __del__(self) -> None:
        self._free(self.pointer)


def load_public(spki: bytes) -> KeyHandle:
    """A public key from SubjectPublicKeyInfo. Raises SmFault: no point of the curve."""
    return _loaded("d2i_PUBKEY", spki)


def load_private(ec_key: bytes) -> KeyHandle:
    """A private key from an ECPrivateKey (RFC 5915). Raises SmFault."""
    return _loaded("d2i_AutoPrivateKey", ec_key)


def _loaded(function: str, der: bytes) -> KeyHandle:
    lib = _lib()
    start = c_char_p(der)
    pointer = getattr(lib, function)(None, byref(start), len(der))
    if not pointer:
        lib.ERR_clear_error()
        raise SmFault("not a key of the SM2 curve")
    return KeyHandle(pointer)


def sign(key: KeyHandle, identity: bytes, message: bytes) -> bytes:
    """A DER signature with SM3 over Z || message (GB/T 32918.2 section 6)."""
    lib = _lib()
    context, digest = _digest_context(key, identity)
    try:
        _must(lib.EVP_DigestSignInit(digest, None, lib.EVP_sm3(), None, key.pointer))
        size = c_size_t(96)
        out = ctypes.create_string_buffer(size.value)
        _must(lib.EVP_DigestSign(digest, out, byref(size), message, len(message)))
        return out.raw[: size.value]
    finally:
        lib.EVP_MD_CTX_free(digest)
        lib.EVP_PKEY_CTX_free(context)


def verify(key: KeyHandle, identity: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a DER signature holds (GB/T 32918.2 section 7)."""
    lib = _lib()
    context, digest = _digest_context(key, identity)
    try:
        _must(lib.EVP_DigestVerifyInit(digest, None, lib.EVP_sm3(), None, key.pointer))
        good: bool = lib.EVP_DigestVerify(digest, signature, len(signature), message, len(message)) == 1
        if not good:
            lib.ERR_clear_error()
        return good
    finally:
        lib.EVP_MD_CTX_free(digest)
        lib.EVP_PKEY_CTX_free(context)


def _digest_context(key: KeyHandle, identity: bytes) -> tuple[int, int]:
    lib = _lib()
    context = lib.EVP_PKEY_CTX_new(key.pointer, None)
    if not context:
        raise SmFault("no context for this key")
    digest = lib.EVP_MD_CTX_new()
    if lib.EVP_PKEY_CTX_set1_id(context, identity, len(identity)) != 1:
        lib.EVP_MD_CTX_free(digest)
        lib.EVP_PKEY_CTX_free(context)
        raise SmFault("the signer's identity was refused")
    lib.EVP_MD_CTX_set_pkey_ctx(digest, context)
    return context, digest


def encrypt(key: KeyHandle, plain: bytes) -> bytes:
    """SM2 public-key encryption, DER of C1, C3, C2 (GB/T 32918.4, GM/T 0009)."""
    return _cipher("encrypt", key, plain)


def decrypt(key: KeyHandle, sealed: bytes) -> bytes:
    """The plaintext. Raises SmFault when the ciphertext does not hold."""
    return _cipher("decrypt", key, sealed)


def _cipher(verb: str, key: KeyHandle, data: bytes) -> bytes:
    lib = _lib()
    context = lib.EVP_PKEY_CTX_new(key.pointer, None)
    try:
        _must(getattr(lib, f"EVP_PKEY_{verb}_init")(context))
        run = getattr(lib, f"EVP_PKEY_{verb}")
        size = c_size_t(0)
        _must(run(context, None, byref(size), data, len(data)))
        out = ctypes.create_string_buffer(max(size.value, 1))
        _must(run(context, out, byref(size), data, len(data)))
        return out.raw[: size.value]
    finally:
        lib.EVP_PKEY_CTX_free(context)


def _must(result: int) -> None:
    if result != 1:
        _lib().ERR_clear_error()
        raise SmFault("libcrypto refused")
