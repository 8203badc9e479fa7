"""短路: parties' programs reach the gateway directly (docs/decisions/0012)."""

from __future__ import annotations

from quancheng.capabilities.exchange.protocols import ROOT, exchange

PREFIXES = {f"/{ROOT}": exchange}
