"""指标: licences in people's own wallets."""

from __future__ import annotations

from quancheng.capabilities.credentials.models import Issued
from quancheng.kernel import clock


def in_wallets() -> float:
    """个人钱包中的有效凭证."""
    return float(Issued.objects.filter(stopped_at=None, expires_at__gt=clock.now()).count())
