"""受理编号: region, day, serial and a check character, as in 370102-20261122-000123-7.

The check character is ISO 7064 MOD 11-2 over the twenty digits, so that one wrong digit or two
swapped ones are noticed when a number is read out by telephone.
"""

from __future__ import annotations

import re
from datetime import date

__all__ = ["MAX_SERIAL", "is_receipt", "make_receipt"]

MAX_SERIAL = 999_999
_FORM = re.compile(r"(\d{6})-(\d{8})-(\d{6})-([0-9X])", re.ASCII)


def make_receipt(region: str, day: date, serial: int) -> str:
    """The receipt number of the ``serial``-th case of a day in a region."""
    if not 1 <= serial <= MAX_SERIAL:
        raise ValueError(f"serial must be 1 to {MAX_SERIAL}")
    head, middle, tail = region[:6], f"{day:%Y%m%d}", f"{serial:06d}"
    if len(head) != 6 or not (head.isascii() and head.isdigit()):
        raise ValueError("a region code has six digits")
    return f"{head}-{middle}-{tail}-{_check(head + middle + tail)}"


def is_receipt(text: str) -> bool:
    """Whether a text is a receipt number with a fitting check character."""
    found = _FORM.fullmatch(text)
    return found is not None and _check(found[1] + found[2] + found[3]) == found[4]


def _check(digits: str) -> str:
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    return "0123456789X"[(12 - total) % 11]
