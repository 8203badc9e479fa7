"""指标: how often drafts are published without being returned."""

from __future__ import annotations

from quancheng.capabilities.designer.models import DraftChange, MatterDraft
from quancheng.capabilities.designer.values import DraftState


def clean_share() -> float | None:
    """Published drafts no publisher returned, per cent of published; None while there are none."""
    published = MatterDraft.objects.filter(state=DraftState.PUBLISHED)
    whole = published.count()
    if not whole:
        return None
    returned = DraftChange.objects.filter(draft__in=published, lines__0__zh__startswith="退回修改").values(
        "draft"
    )
    return round(100 * published.exclude(pk__in=returned).count() / whole, 2)
