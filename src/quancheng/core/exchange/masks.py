"""字段遮蔽: what of a field a grant shows (《个人信息保护法》第六条：限于实现处理目的的最小范围).

Masks form a partial order of openness: hide is below everything, keep above everything; a partial
view and a keyed hash cannot be compared. ``meet`` gives the less open of two, so a request can ask
for less than granted and never for more.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from quancheng.core.exchange.canonical import canonical, write_time
from quancheng.core.identity import mask, mask_email, mask_name, mask_phone, mask_resident_id
from quancheng.core.text import Text

__all__ = ["Mask", "apply_mask", "at_most", "meet"]


class Mask(StrEnum):
    """Ways to show a field (遮蔽方式)."""

    KEEP = "keep"
    NAME = "name"
    PHONE = "phone"
    RESIDENT_ID = "resident_id"
    EMAIL = "email"
    TAIL = "tail"
    HASH = "hash"
    HIDE = "hide"

    @property
    def text(self) -> Text:
        """Label (名称)."""
        return _LABELS[self]


_LABELS = {
    Mask.KEEP: Text("原值", "as it is"),
    Mask.NAME: Text("姓名脱敏", "name masked"),
    Mask.PHONE: Text("电话脱敏", "phone masked"),
    Mask.RESIDENT_ID: Text("证件号脱敏", "identity number masked"),
    Mask.EMAIL: Text("邮箱脱敏", "e-mail masked"),
    Mask.TAIL: Text("仅留末四位", "last four characters"),
    Mask.HASH: Text("加密散列，仅可比对", "keyed hash, for matching only"),
    Mask.HIDE: Text("不提供", "hidden"),
}


def _tail(value: str) -> str:
    return mask(value, 0, 4)


_PARTIAL: dict[Mask, Callable[[str], str]] = {
    Mask.NAME: mask_name,
    Mask.PHONE: mask_phone,
    Mask.RESIDENT_ID: mask_resident_id,
    Mask.EMAIL: mask_email,
    Mask.TAIL: _tail,
}


def at_most(one: Mask, other: Mask) -> bool:
    """Whether ``one`` shows no more than ``other`` (不宽于)."""
    return one is other or one is Mask.HIDE or other is Mask.KEEP


def meet(one: Mask, other: Mask) -> Mask:
    """The most open mask that is at most both (较严者); of two that cannot be compared, hide."""
    if at_most(one, other):
        return one
    return other if at_most(other, one) else Mask.HIDE


def apply_mask(way: Mask, value: object, key: bytes, field: str) -> object:
    """A value as the mask shows it (应用遮蔽). Hidden is ``None``; missing stays missing.

    The hash is HMAC-SHA-256 (RFC 2104) with the grant's secret ``key`` over the field's name and
    the typed value, as hex: equal values match within one grant and nowhere else, and numbers with
    little entropy (identity numbers) cannot be found by trying without the key. A partial mask of
    anything but text hides it.
    """
    if value is None or way is Mask.HIDE:
        return None
    if way is Mask.KEEP:
        return value
    if way is Mask.HASH:
        return _keyed(value, key, field)
    return _PARTIAL[way](value) if isinstance(value, str) else None


def _keyed(value: object, key: bytes, field: str) -> str | None:
    if len(key) < 16:
        raise ValueError("the grant's hash key needs at least 16 bytes")
    typed = _typed(value)
    if typed is None:
        return None
    return hmac.new(key, canonical([field, *typed]), hashlib.sha256).hexdigest()


def _typed(value: object) -> tuple[str, str] | None:
    if isinstance(value, bool):
        return "boolean", str(value)
    if isinstance(value, int | Decimal):
        # 1 and 1.0 are one number
        number = Decimal(value)
        return ("number", format(number.normalize(), "f")) if number.is_finite() else None
    if isinstance(value, str):
        return "text", value
    if isinstance(value, datetime):
        return "moment", write_time(value) if value.tzinfo else value.isoformat()
    return ("date", value.isoformat()) if isinstance(value, date) else None
