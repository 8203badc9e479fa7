"""指标: figures of licences."""

from __future__ import annotations

from quancheng.capabilities.trust.models import Licence


def valid_licences() -> float:
    """有效电子证照数."""
    return float(Licence.objects.filter(status=Licence.Status.VALID).count())
