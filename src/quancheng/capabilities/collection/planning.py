"""计划: from counts and drift to what waits for a person. Pure; thresholds are dated parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from quancheng.capabilities.collection.values import Counts, Hold, HoldKind, Mode, Thresholds
from quancheng.core.text import Text

__all__ = ["count_holds", "undecided"]


def count_holds(counts: Counts, thresholds: Thresholds, mode: Mode) -> tuple[Hold, ...]:
    """Reasons in the figures (数量异常): too many refusals or deletions, or a delivery without rows."""
    holds = []
    if counts.rows_in and counts.refused > counts.rows_in * thresholds.refused_share:
        percent = f"{counts.refused * 100 / counts.rows_in:.1f}%"
        holds.append(
            Hold(
                HoldKind.REFUSALS,
                Text(
                    f"{counts.rows_in} 行中拒收 {counts.refused} 行（{percent}），超过阈值 {thresholds.refused_share:.0%}。",
                    f"{counts.refused} of {counts.rows_in} rows are refused ({percent}), above {thresholds.refused_share:.0%}.",
                ),
                number=counts.refused,
            )
        )
    if mode is Mode.FULL and counts.before and not counts.rows_out:
        text = Text(
            f"这次没有可用的行，照此执行会清空现有 {counts.before} 行。",
            f"No row can be used; applying would empty the table of {counts.before} rows.",
        )
        holds.append(Hold(HoldKind.EMPTY, text, number=counts.before))
    elif (
        counts.deleted >= max(thresholds.deleted_least, 1)
        and counts.deleted > counts.before * thresholds.deleted_share
    ):
        percent = f"{counts.deleted * 100 / counts.before:.1f}%"
        text = Text(
            f"将删除现有 {counts.before} 行中的 {counts.deleted} 行（{percent}），超过阈值 {thresholds.deleted_share:.0%}。",
            f"{counts.deleted} of {counts.before} rows would be deleted ({percent}), above {thresholds.deleted_share:.0%}.",
        )
        holds.append(Hold(HoldKind.DELETIONS, text, number=counts.deleted))
    return tuple(holds)


def undecided(holds: Iterable[Hold], decided: Collection[str]) -> tuple[Hold, ...]:
    """Holds nobody has accepted in this run yet."""
    return tuple(hold for hold in holds if hold.code not in decided)
