"""走哪条路: by which channels and when a message leaves, as a function of values.

The in-app copy is always there. SMS and e-mail follow the recipient's own choice: verified address,
switched on, not in quiet hours. What is urgent (alert) goes at once by every open channel and at any
hour; anything else waits a while first, and is not sent when it was read in the app meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

__all__ = ["Out", "Preferences", "Way", "after_quiet", "is_phone", "masked", "ways"]

URGENT = "alert"


class Out(StrEnum):
    """站外渠道."""

    SMS = "sms"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Preferences:
    """接收设置: verified addresses, what is on, quiet hours (from, until; both empty: none)."""

    phone: str = ""
    email: str = ""
    sms_on: bool = True
    email_on: bool = True
    quiet_from: time | None = None
    quiet_until: time | None = None

    def address(self, out: Out) -> str:
        """Where to, empty when it is off or there is none."""
        if out is Out.SMS:
            return self.phone if self.sms_on else ""
        return self.email if self.email_on else ""


@dataclass(frozen=True, slots=True)
class Way:
    """一条路: a channel, an address, not before."""

    out: Out
    address: str
    due: datetime


def ways(
    kind: str, preferences: Preferences, at: datetime, wait: timedelta, open_channels: Collection[Out]
) -> tuple[Way, ...]:
    """The ways of one message (路由). ``at`` in the city's local time; ``wait``: how long the app goes first."""
    urgent = kind == URGENT
    due = at if urgent else after_quiet(at + wait, preferences)
    found = []
    for out in Out:
        address = preferences.address(out)
        if address and out in open_channels:
            found.append(Way(out, address, due))
    return tuple(found)


def after_quiet(at: datetime, preferences: Preferences) -> datetime:
    """The moment itself, or when the quiet hours it falls into end (免打扰顺延)."""
    begin, end = preferences.quiet_from, preferences.quiet_until
    if begin is None or end is None or begin == end:
        return at
    now = at.time()
    inside = begin <= now < end if begin < end else now >= begin or now < end
    if not inside:
        return at
    over = at.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return over if over > at else over + timedelta(days=1)


def is_phone(text: str) -> bool:
    """A mobile number of the mainland: eleven digits, 13–19 (手机号)."""
    return len(text) == 11 and text.isascii() and text.isdigit() and text[0] == "1" and text[1] in "3456789"


def masked(address: str) -> str:
    """An address as a screen may show it (脱敏): 138****8000, l***@example.org."""
    if "@" in address:
        name, _, place = address.partition("@")
        return f"{name[:1]}***@{place}"
    return f"{address[:3]}****{address[-4:]}" if len(address) >= 8 else "****"
