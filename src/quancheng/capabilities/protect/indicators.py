"""指标: how much of the audit is sealed, what waits for a person."""

from __future__ import annotations

from quancheng.capabilities.protect import queries
from quancheng.kernel.events.models import Delivery
from quancheng.kernel.jobs.models import Job


def sealed_share() -> dict[str, float]:
    """审计记录已封存占比: entries under a signed checkpoint among all entries."""
    heads = queries.heads()
    sealed = sum(min(one.sealed, one.size) for one in heads)
    return {"numerator": float(sealed), "denominator": float(sum(one.size for one in heads))}


def dead_deliveries() -> float:
    """搁置的投递: deliveries given up after their last attempt."""
    return float(Delivery.objects.filter(state=Delivery.State.DEAD).count())


def failed_jobs() -> float:
    """失败的任务: jobs given up after their last attempt."""
    return float(Job.objects.filter(state=Job.State.FAILED).count())
