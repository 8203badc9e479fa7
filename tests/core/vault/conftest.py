"""A bank that asks, a person who answers, and the keys of city and bank."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.text import Text
from quancheng.core.vault import (
    Asked,
    Item,
    Mode,
    Reason,
    Recipient,
    Used,
    VaultFault,
    commit_facts,
    commit_holder,
)

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BANK = Recipient("bank-quan", Text("泉城示范银行", "Quancheng Model Bank"))
CITY_KEY = MemoryKey.generate(Algorithm.ES256)
BANK_KEY = MemoryKey.generate(Algorithm.EDDSA)
ITEMS = tuple(Item(code, Text(f"项{code}", f"Item {code}")) for code in ("name", "address", "income"))
SALT = bytes(range(16))
FACTS = {"name": "李静", "address": "济南市历下区"}


def asked(mode: Mode = Mode.ONCE, **other: object) -> Asked:
    """What the bank asks."""
    facts: dict[str, object] = {
        "recipient": BANK.code, "name": BANK.name, "holder": commit_holder(SALT, "370102199001010001"),
        "purpose": "个人住房贷款审查", "basis": "本人申请", "items": ITEMS, "mode": mode,
        "until": NOW + 30 * DAY, "answer_by": NOW + 7 * DAY, "request": bytes(32),
    }  # fmt: skip
    return Asked(**facts | other)  # type: ignore[arg-type]


def used(number: str = "U1", items: tuple[str, ...] = ("name", "address")) -> Used:
    """One use of two items."""
    return Used(number, items, commit_facts(SALT, FACTS), bytes(31) + b"\x01")


def reason_of(deed: Callable[[], object]) -> Reason | None:
    """Why a deed is refused; None when it is not."""
    try:
        deed()
    except VaultFault as fault:
        return fault.reason
    return None
