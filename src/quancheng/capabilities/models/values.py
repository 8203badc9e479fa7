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


class Refused(ValueError):
    """Inputs an algorithm cannot take: what is wrong, by input."""

    def __init__(self, faults: Mapping[str, Text]) -> None:
        super().__init__("; ".join(f"{name}: {text.en}" for name, text in faults.items()))
        self.faults = faults

    @classmethod
    def of(cls, name: str, zh: str, en: str) -> Refused:
        """One fault."""
        return cls({name: Text(zh, en)})


class Outcome(StrEnum):
    """How a call ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    LATE = "late"
    BUSY = "busy"


OUTCOME_TEXTS = {
    Outcome.DONE: Text("完成", "done"),
    Outcome.REFUSED: Text("输入有误", "bad input"),
    Outcome.FAILED: Text("失败", "failed"),
    Outcome.LATE: Text("超时", "too late"),
    Outcome.BUSY: Text("繁忙", "busy"),
}


class JobStatus(StrEnum):
    """Status of a job (OGC 18-062r2, statusCode)."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A function a module offers in its room ``algorithms.py`` (``ALGORITHMS: tuple[Algorithm, ...]``).

    ``function`` takes the inputs by name and gives the outputs by name; it reads nothing and writes
    nothing of the city, because it runs in a worker process without any of it; faults of inputs are raised
    as ``Refused``. ``settle`` runs before, in the city, and adds what is dated there (parameters).
    ``inputs`` and ``outputs`` are JSON schemas (2020-12) by name.
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
    settle: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None


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
