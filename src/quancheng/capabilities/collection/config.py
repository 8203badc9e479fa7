"""参数与限额: dated thresholds from the rule book; limits of files from the environment, in this one place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings

from quancheng.capabilities.collection.schedule import Retry
from quancheng.capabilities.collection.values import Thresholds
from quancheng.core.tabular import Limits
from quancheng.kernel import rulebook

PREFIX = "QUANCHENG_COLLECTION_"
MEBI = 1024 * 1024


def _value(name: str) -> Any:
    return rulebook.find(f"collection.{name}").value


def thresholds() -> Thresholds:
    """What holds a run today."""
    return Thresholds(
        refused_share=float(_value("refused_share")),
        deleted_share=float(_value("deleted_share")),
        deleted_least=int(_value("deleted_least")),
        type_share=float(_value("type_share")),
    )


def retry_rule() -> Retry:
    """How often to try again."""
    return Retry(
        float(_value("retry_seconds")),
        float(_value("retry_longest_seconds")),
        int(_value("circuit_failures")),
    )


def silent_times() -> float:
    """A feed is silent after so many times its agreed period."""
    return float(_value("silent_times"))


def refused_kept() -> int:
    """How many refused rows can be looked at online."""
    return int(_value("refused_kept"))


def raw_days() -> int:
    """How long delivered files and refused rows are kept."""
    return int(_value("raw_days"))


def limits() -> Limits:
    """What one delivered file may cost; ``QUANCHENG_COLLECTION_<NAME>`` sets each of them."""
    return Limits(
        bytes=_number("BYTES", 2048 * MEBI),
        in_memory=_number("IN_MEMORY", 64 * MEBI),
        unpacked=_number("UNPACKED", 4096 * MEBI),
        ratio=float(_number("RATIO", 200)),
        parts=_number("PARTS", 2000),
        rows=_number("ROWS", 20_000_000),
        columns=_number("COLUMNS", 500),
        cell=_number("CELL", 32_767),
        row=_number("ROW", 1_000_000),
    )


def _number(name: str, usual: int) -> int:
    said = os.environ.get(PREFIX + name, "")
    return int(said) if said.isdecimal() and int(said) > 0 else usual


def seconds(name: str, usual: float) -> float:
    """A time limit, for example ``FETCH_SECONDS``."""
    return float(_number(name, int(usual)))


def home() -> Path:
    """Where raw deliveries and the work of runs are kept."""
    return Path(settings.HOME) / "collection"


def inbox() -> Path:
    """The only folder under which folders of feeds may lie (``QUANCHENG_COLLECTION_INBOX``)."""
    return Path(os.environ.get(PREFIX + "INBOX", home() / "inbox"))
