"""Values of the registry that other modules speak in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from quancheng.core.text import Text


class State(StrEnum):
    """How far a version has come."""

    DRAFT = "draft"
    EVALUATED = "evaluated"
    APPROVED = "approved"
    ACTIVE = "active"
    RETIRED = "retired"


class Risk(StrEnum):
    """风险等级: what a wrong answer may do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


STATE_TEXTS = {
    State.DRAFT: Text("草稿", "draft"),
    State.EVALUATED: Text("已评测", "evaluated"),
    State.APPROVED: Text("已批准", "approved"),
    State.ACTIVE: Text("在用", "active"),
    State.RETIRED: Text("已停用", "retired"),
}

RISK_TEXTS = {
    Risk.LOW: Text("低风险", "low risk"),
    Risk.MEDIUM: Text("中风险", "medium risk"),
    Risk.HIGH: Text("高风险", "high risk"),
}

HIGHER_IS_BETTER = {"accuracy": True, "f1": True, "recall_at_k": True, "cer": False, "latency_ms": False}
"""Metrics the registry compares, and which way is better; rates are 0…1."""
QUALITY = ("accuracy", "f1", "recall_at_k", "cer")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A function a module offers in its room ``algorithms.py`` (``ALGORITHMS: tuple[Algorithm, ...]``).

    ``function`` takes the inputs by name and gives the outputs by name; it reads nothing and writes
    nothing of the city. ``inputs`` and ``outputs`` are JSON schemas (2020-12) by name.
    """

    id: str
    title: Text
    summary: Text
    inputs: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    function: Callable[..., Mapping[str, Any]]
    version: str = "1.0.0"
    optional: frozenset[str] = field(default_factory=frozenset)
    public: bool = False


def worse(metrics: Mapping[str, float], than: Mapping[str, float], tolerance: float) -> dict[str, float]:
    """The quality metrics that lie worse by more than ``tolerance`` (same scale), with the loss."""
    losses = {}
    for name in QUALITY:
        if name in metrics and name in than:
            loss = than[name] - metrics[name] if HIGHER_IS_BETTER[name] else metrics[name] - than[name]
            if loss > tolerance + 1e-12:
                losses[name] = round(loss, 6)
        elif name in than:
            losses[name] = than[name]
    return losses
