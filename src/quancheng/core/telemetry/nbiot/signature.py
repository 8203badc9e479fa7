"""签名: OneNET's digest over what it pushes (HTTP 推送开发指南, URL 验证与数据接收)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from ..refusal import FrameRefused, Reason

__all__ = ["onenet_digest", "verify_onenet"]


def onenet_digest(token: str, nonce: str, message: bytes) -> str:
    """Base64 of MD5 over token, nonce and message, as the platform computes it.

    MD5 is the platform's choice: it proves that the sender knows the token, no more. The push
    address should be one that only the platform reaches, and TLS.
    """
    data = token.encode() + nonce.encode() + message
    digest = hashlib.md5(data, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def verify_onenet(token: str, nonce: str, message: bytes, signature: str) -> None:
    """Refuse a push, or a GET that verifies the address, whose signature is not the token's."""
    wanted = onenet_digest(token, nonce, message)
    # the platform sends "+" of base64 as a space where its query was decoded once too often
    given = signature.replace(" ", "+").encode("utf-8", "replace")
    if not hmac.compare_digest(wanted.encode(), given):
        raise FrameRefused(Reason.SIGNATURE, "OneNET")
