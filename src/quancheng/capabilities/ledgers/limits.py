"""Numbers of the rule book this module works by."""

from __future__ import annotations

from quancheng.capabilities.ledgers.held import Bounds
from quancheng.core.tabular import Limits
from quancheng.kernel import rulebook


def whole(name: str) -> int:
    """A whole number of the rule book, by the part after ``ledgers.``."""
    return rulebook.find(f"ledgers.{name}").integer()


def share(name: str) -> float:
    """A number between 0 and 1."""
    return float(rulebook.find(f"ledgers.{name}").number())


def bounds() -> Bounds:
    """From which likeness a column is refused or warned about."""
    return Bounds(share("likeness_refuse"), share("likeness_warn"))


def upload() -> Limits:
    """How much a spreadsheet may cost."""
    size = whole("upload_bytes")
    return Limits(
        bytes=size, in_memory=size, unpacked=size * 10, ratio=200.0, parts=2000,
        rows=whole("compared_rows"), columns=200, cell=4000, row=200_000,
    )  # fmt: skip
