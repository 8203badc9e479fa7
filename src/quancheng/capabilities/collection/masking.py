"""脱敏: personal cells as they may be looked at. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

__all__ = ["mask", "masked_row"]

_SHOWN = 200


def mask(word: Any) -> Any:
    """A personal value with its middle hidden: the first and last character stay from five on."""
    text = str(word) if word is not None else ""
    if len(text) < 5:
        return "*" * len(text)
    return f"{text[0]}{'*' * (len(text) - 2)}{text[-1]}"


def masked_row(
    problems: Sequence[Sequence[str]], cells: Sequence[str], names: Sequence[str], hidden: Collection[str]
) -> tuple[list[list[str]], list[str]]:
    """Problems and cells of a refused row with personal columns masked; cells without a name are masked too.

    A row whose cells cannot be told apart (bad quotes, too many cells) may hold anything anywhere.
    """
    whole = bool(hidden) and any(not column for _, column, _ in problems)
    shown = [
        [reason, column, mask(original) if (whole or column in hidden) and original else original]
        for reason, column, original in problems
    ]
    kept = [
        mask(cell)
        if cell and hidden and (whole or at >= len(names) or names[at] in hidden)
        else cell[:_SHOWN]
        for at, cell in enumerate(cells[: max(len(names), 1) + 5])
    ]
    return shown, kept
