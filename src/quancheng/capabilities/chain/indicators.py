"""指标: how much of what happened can be proved."""

from __future__ import annotations

from quancheng.capabilities.chain import queries
from quancheng.kernel.actor import Actor


def coverage() -> float | None:
    """上链覆盖率 over all scenes, per cent; none when nothing happened."""
    rows = queries.scene_rows(Actor.system("chain"), {})
    happened = sum(row.happened for row in rows)
    return (
        round(100 * sum(min(row.anchored, row.happened) for row in rows) / happened, 2) if happened else None
    )


def healthy_members() -> float:
    """状态正常的联盟成员."""
    return float(sum(row.kind == "ok" for row in queries.member_rows(Actor.system("chain"))))
