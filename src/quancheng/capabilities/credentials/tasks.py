"""Background work: forget nonces that are over."""

from __future__ import annotations

from typing import Any

from quancheng.capabilities.credentials import actions
from quancheng.kernel import jobs
from quancheng.kernel.actions import Call


@jobs.every("credentials.tidy", seconds=600)
def forget(handle: Any = None) -> dict[str, Any]:
    """Nonces."""
    return {"nonces": actions.tidy(Call.system("credentials"))}
