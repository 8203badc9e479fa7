"""合并: two people changed one row. Three versions of each cell decide; nothing is thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from quancheng.capabilities.ledgers.values import Clash, Outcome


@dataclass(frozen=True, slots=True)
class Merged:
    """合并结果. ``cells`` is the row after it; with clashes it is the row as it was."""

    outcome: Outcome
    cells: dict[str, str]
    clashes: tuple[Clash, ...] = ()


def merge(before: Mapping[str, str], theirs: Mapping[str, str], mine: Mapping[str, str]) -> Merged:
    """Three-way merge of a row (三方合并).

    ``before``: the row as I had fetched it; ``theirs``: as it is now; ``mine``: the cells I send (others
    stay). A cell both changed to different texts is a clash, and then nothing of mine is taken before
    somebody decides.
    """
    changed = {name: text for name, text in mine.items() if text != before.get(name, "")}
    moved = {name for name in {*before, *theirs} if before.get(name, "") != theirs.get(name, "")}
    clashes = tuple(
        Clash(name, before.get(name, ""), text, theirs.get(name, ""))
        for name, text in changed.items()
        if name in moved and text != theirs.get(name, "")
    )
    if clashes:
        return Merged(Outcome.CONFLICT, dict(theirs), clashes)
    cells = {**theirs, **changed}
    return Merged(Outcome.MERGED if moved else Outcome.APPLIED, cells)


def settle(theirs: Mapping[str, str], mine: Mapping[str, str], choices: Mapping[str, str]) -> dict[str, str]:
    """The row after somebody decided cell by cell (``mine`` or ``theirs``); what was not asked is merged."""
    taken = {name: text for name, text in mine.items() if choices.get(name, "mine") == "mine"}
    return {**theirs, **taken}
