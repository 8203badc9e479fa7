"""The writers of sharing 数据共享; see docs/modules/exchange.md."""

from quancheng.capabilities.exchange.actions.exchanges import (
    admit_backend,
    record_exchange,
    report_backend,
    stamp_waiting,
    warn_ledger,
)
from quancheng.capabilities.exchange.actions.files import fetch_file, make_file, order_file, remove_files
from quancheng.capabilities.exchange.actions.parties import (
    register_backend,
    register_key,
    register_party,
    revoke_key,
    rotate_key,
)
from quancheng.capabilities.exchange.actions.requests import SIMPLE, advance, agree, ask, revise, tick
from quancheng.capabilities.exchange.actions.subscribing import (
    begin_anew,
    pack,
    pause_subscription,
    sent,
    subscribe,
)
from quancheng.capabilities.exchange.actions.uses import answer_objection, object_to_use

__all__ = [
    "SIMPLE",
    "admit_backend",
    "advance",
    "agree",
    "answer_objection",
    "ask",
    "begin_anew",
    "fetch_file",
    "make_file",
    "object_to_use",
    "order_file",
    "pack",
    "pause_subscription",
    "record_exchange",
    "register_backend",
    "register_key",
    "register_party",
    "remove_files",
    "report_backend",
    "revise",
    "revoke_key",
    "rotate_key",
    "sent",
    "stamp_waiting",
    "subscribe",
    "tick",
    "warn_ledger",
]
