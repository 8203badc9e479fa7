"""脱敏: display masks for personal data (《个人信息保护法》第五十一条第三项).

A mask is for the eye only; it is neither encryption nor anonymisation. Whatever does not have the
expected shape is hidden more, never less. A mask keeps the length, so columns stay aligned.
"""

from __future__ import annotations

import re

__all__ = ["mask", "mask_email", "mask_name", "mask_phone", "mask_resident_id"]

_STAR = "*"
_MOBILE = re.compile(r"((?:\+?86[- ]?)?)(1\d{10})", re.ASCII)
_LANDLINE = re.compile(r"(0\d{2,3}-?)(\d{7,8})", re.ASCII)


def mask(value: str, head: int, tail: int) -> str:
    """Keep ``head`` characters in front and ``tail`` at the end, hide the rest.

    A value that would hide fewer characters than it shows, and fewer than four, is hidden wholly.
    """
    if head < 0 or tail < 0:
        raise ValueError("head and tail must not be negative")
    hidden = len(value) - head - tail
    if hidden <= 0 or hidden < min(head + tail, 4):
        return _STAR * len(value)
    return value[:head] + _STAR * hidden + value[len(value) - tail :]


def mask_resident_id(number: str) -> str:
    """身份证号: 370102********1234 (address code and the last four stay, the birth date goes)."""
    number = number.strip()
    return mask(number, 6, 4) if len(number) == 18 else _STAR * len(number)


def mask_phone(number: str) -> str:
    """手机号: 138****5678; landline 固定电话: 0531-******12; anything else keeps two digits."""
    number = number.strip()
    if mobile := _MOBILE.fullmatch(number):
        return mobile[1] + mask(mobile[2], 3, 4)
    if landline := _LANDLINE.fullmatch(number):
        return landline[1] + mask(landline[2], 0, 2)
    return mask(number, 0, 2)


def mask_name(name: str) -> str:
    """姓名: the first character stays (张**); a name of one character is hidden."""
    name = name.strip()
    return name[:1] + _STAR * (len(name) - 1) if len(name) > 1 else _STAR * len(name)


def mask_email(address: str) -> str:
    """电子邮箱: the first character of the local part and the domain stay (z***@example.cn)."""
    local, at, domain = address.strip().rpartition("@")
    if not at:
        return _STAR * len(domain)
    return mask_name(local) + at + domain
