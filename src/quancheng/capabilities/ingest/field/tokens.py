"""鉴权码: what a JT/T 808 terminal is given at registration and must say after each connection.

It follows from the terminal's number and the city's secret key, so it needs no table, survives restarts
and cannot be made by others. Registration itself proves nothing (the protocol has no secret): a number
that is registered here as a device is what counts; suspend the device to shut it out.
"""

from __future__ import annotations

import hmac

from django.utils.crypto import salted_hmac

_SALT = "quancheng.ingest.jt808"
_LENGTH = 32


def token(terminal: str) -> str:
    """The code of a terminal: 32 hexadecimal digits."""
    return salted_hmac(_SALT, terminal, algorithm="sha256").hexdigest()[:_LENGTH]


def is_token(terminal: str, word: str) -> bool:
    """Whether ``word`` is the code of ``terminal``; takes as long for a wrong one."""
    return hmac.compare_digest(token(terminal).encode(), word.encode("utf-8", "surrogatepass"))
