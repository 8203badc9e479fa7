"""期限与数量: dated parameters of the security services, read from the rule book."""

from __future__ import annotations

from datetime import timedelta

from quancheng.core.pki import Purpose
from quancheng.kernel import rulebook

__all__ = ["amount", "days", "life_of"]

_LIFE = {
    Purpose.ROOT: "security.root_days",
    Purpose.ISSUING: "security.issuing_days",
    Purpose.DEPARTMENT: "security.department_days",
    Purpose.DEVICE: "security.device_days",
    Purpose.STAMPING: "security.stamping_days",
    Purpose.SEAL: "security.seal_days",
}


def amount(id: str) -> int:
    """A whole number in force today."""
    return int(rulebook.find(id).value)  # type: ignore[call-overload,no-any-return]


def days(id: str) -> timedelta:
    """A number of days in force today."""
    return timedelta(days=amount(id))


def life_of(purpose: Purpose) -> timedelta:
    """How long a certificate of a purpose lives."""
    return days(_LIFE[purpose])
