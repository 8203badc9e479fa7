"""存取格式: orders and effects as plain JSON values and back, without loss.

Money is whole fen, moments are ISO 8601 with offset, values of a union carry their class as ``is``.
What does not read back to the very same value is refused: a record that was damaged must not become money.
"""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from quancheng.core.payment.errors import PaymentError, PaymentReason
from quancheng.core.payment.events import (
    AskPerson,
    AttemptStarted,
    ChannelReport,
    CloseAtChannel,
    DisputeResolved,
    Effect,
    Event,
    Moved,
    OrderClosed,
    RefundReport,
    RefundRequested,
    SendRefund,
    StartPayment,
)
from quancheng.core.payment.money import Amount
from quancheng.core.payment.order import Order
from quancheng.core.text import Text

__all__ = ["effect_from", "event_from", "from_plain", "order_from", "to_plain"]

_TAGGED: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        AskPerson,
        AttemptStarted,
        ChannelReport,
        CloseAtChannel,
        DisputeResolved,
        Moved,
        OrderClosed,
        RefundReport,
        RefundRequested,
        SendRefund,
        StartPayment,
    )
}


def to_plain(value: Any) -> Any:
    """A value of this package as JSON values (转为 JSON)."""
    if isinstance(value, Amount):
        return value.fen
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        named = {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
        return {"is": type(value).__name__, **named} if type(value).__name__ in _TAGGED else named
    return value


def order_from(plain: Any) -> Order:
    """The order written as ``plain`` (读回订单). Raises ``PaymentError`` when it is not one."""
    order: Order = from_plain(Order, plain)
    return order


def effect_from(plain: Any) -> Effect:
    """The effect written as ``plain`` (读回效果). Raises ``PaymentError``."""
    effect: Effect = from_plain(Effect, plain)
    return effect


def event_from(plain: Any) -> Event:
    """The event written as ``plain`` (读回事件). Raises ``PaymentError``."""
    event: Event = from_plain(Event, plain)
    return event


def from_plain(kind: Any, plain: Any) -> Any:
    """A value of ``kind`` (a class of this package) written by ``to_plain`` (读回). Raises ``PaymentError``."""
    try:
        value = _read(kind, plain)
    except PaymentError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PaymentError(PaymentReason.ORDER, "record") from error
    if to_plain(value) != plain:
        raise PaymentError(PaymentReason.ORDER, "record")
    return value


def _read(kind: Any, plain: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_union(get_args(kind), plain)
    if origin is tuple:
        return _read_tuple(get_args(kind), plain)
    if kind is Amount:
        return Amount(plain)
    if kind is Text:
        return Text(plain["zh"], plain["en"])
    if kind is datetime or kind is date:
        return kind.fromisoformat(plain)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _read(hints[name], plain[name]) for name in hints})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(plain)
    if type(plain) is not kind:
        raise PaymentError(PaymentReason.ORDER, "record")
    return plain


def _read_union(kinds: tuple[Any, ...], plain: Any) -> Any:
    if plain is None and type(None) in kinds:
        return None
    plain_kinds = [kind for kind in kinds if kind is not type(None)]
    if len(plain_kinds) == 1:
        return _read(plain_kinds[0], plain)
    kind = _TAGGED[plain["is"]]
    if kind not in plain_kinds:
        raise PaymentError(PaymentReason.ORDER, "record")
    return _read(kind, plain)


def _read_tuple(kinds: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], one) for one in plain)
    return tuple(_read(kind, one) for kind, one in zip(kinds, plain, strict=True))


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {item.name: hints[item.name] for item in fields(kind)}
