"""短路: programs without a session reach the protocol directly (docs/decisions/0012)."""

from __future__ import annotations

from quancheng.capabilities.sensorthings.messages import ROOT
from quancheng.capabilities.sensorthings.protocols import sta

PREFIXES = {f"{ROOT}/": sta}
