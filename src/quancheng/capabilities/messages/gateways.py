"""通道配置: which channels out of the platform this city has, from the environment.

``QUANCHENG_SMS_URL``   ``cmpp://901234:secret@gateway:7890?number=10690000&sign=泉城``
``QUANCHENG_SMTP_URL``  ``smtp://user:secret@mail:587?from=notice@example.org&tls=starttls`` (``smtps://`` for TLS
from the first byte, ``tls=none`` only inside a protected network).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from quancheng.capabilities.messages.routing import Out
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

__all__ = ["MailGateway", "SmsGateway", "mail_gateway", "open_channels", "sms_gateway"]


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """短信网关: where it is and who we are to it. ``sign`` stands before each text."""

    host: str
    port: int
    source: str
    secret: str = field(repr=False)
    number: str
    sign: str = ""


@dataclass(frozen=True, slots=True)
class MailGateway:
    """邮件服务器. ``tls``: ``starttls``, ``tls`` or ``none``."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str
    tls: str


def sms_gateway(url: str | None = None) -> SmsGateway | None:
    """The SMS gateway of this city, or None. Raises InvalidInput for an address that is none."""
    said = os.environ.get("QUANCHENG_SMS_URL", "") if url is None else url
    if not said:
        return None
    place = urlsplit(said)
    asked = {name: values[0] for name, values in parse_qs(place.query).items()}
    if place.scheme != "cmpp" or not place.hostname or not place.username or not asked.get("number"):
        raise _bad("QUANCHENG_SMS_URL", "cmpp://901234:secret@host:7890?number=10690000")
    return SmsGateway(
        place.hostname,
        place.port or 7890,
        unquote(place.username),
        unquote(place.password or ""),
        asked["number"],
        asked.get("sign", ""),
    )


def mail_gateway(url: str | None = None) -> MailGateway | None:
    """The mail server of this city, or None. Raises InvalidInput for an address that is none."""
    said = os.environ.get("QUANCHENG_SMTP_URL", "") if url is None else url
    if not said:
        return None
    place = urlsplit(said)
    asked = {name: values[0] for name, values in parse_qs(place.query).items()}
    tls = "tls" if place.scheme == "smtps" else asked.get("tls", "starttls")
    good = place.scheme in {"smtp", "smtps"} and tls in {"tls", "starttls", "none"}
    if not good or not place.hostname or "@" not in asked.get("from", ""):
        raise _bad("QUANCHENG_SMTP_URL", "smtp://user:secret@host:587?from=notice@example.org&tls=starttls")
    return MailGateway(
        place.hostname,
        place.port or (465 if tls == "tls" else 587),
        unquote(place.username or ""),
        unquote(place.password or ""),
        asked["from"],
        tls,
    )


def open_channels() -> frozenset[Out]:
    """Channels that are configured."""
    found = set()
    if sms_gateway() is not None:
        found.add(Out.SMS)
    if mail_gateway() is not None:
        found.add(Out.EMAIL)
    return frozenset(found)


def _bad(name: str, example: str) -> InvalidInput:
    return InvalidInput(
        Text(f"{name} 写得不对，应形如 {example}。", f"{name} is not understood; write it like {example}.")
    )
