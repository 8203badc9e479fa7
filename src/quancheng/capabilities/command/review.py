"""复盘 After action: ordered steps, durations and totals, computed from values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quancheng.capabilities.command import naming
from quancheng.core.text import Text

WARN, PROPOSE, ACTIVATE = "warn", "propose", "activate"


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """One step: when, who, what, and the link to its evidence (步骤)."""

    at: datetime
    actor: str
    verb: str
    text: Text
    evidence: str
    minutes: float | None
    """Minutes since the beginning."""

    @property
    def who_text(self) -> Text:
        """Who did it, in both languages."""
        return naming.who(self.actor)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "at": self.at.isoformat(),
            "actor": self.actor,
            "verb": self.verb,
            "text": self.text.to_dict(),
            "evidence": self.evidence,
            "minutes": self.minutes,
        }


@dataclass(frozen=True, slots=True)
class AfterAction:
    """The whole review (复盘)."""

    began_at: datetime | None
    ended_at: datetime | None
    steps: tuple[ReviewStep, ...]
    durations: dict[str, float | None]
    totals: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "began_at": self.began_at.isoformat() if self.began_at else None,
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "durations": self.durations,
            "totals": self.totals,
            "steps": [step.to_dict() for step in self.steps],
        }


def minutes_between(start: datetime | None, end: datetime | None) -> float | None:
    """Minutes from one moment to another; None when either is missing."""
    return None if start is None or end is None else round((end - start).total_seconds() / 60, 1)


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of those that are known."""
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 1) if known else None


def after_action_of(
    log: Sequence[Any], tasks: Sequence[Any], incidents: Sequence[Any], activations: Sequence[Any]
) -> AfterAction:
    """The review of what the log, tasks, incidents and activations say."""
    starts = [row.occurred_at for row in incidents] or [row.proposed_at for row in activations]
    began = min([*starts, *(line.at for line in log[:1])], default=None)
    steps = tuple(
        ReviewStep(line.at, line.actor, line.verb, line.text, line.evidence, minutes_between(began, line.at))
        for line in log
    )
    closed = [row.closed_at for row in incidents]
    ended = max((at for at in closed if at), default=None) if closed and all(closed) else None
    durations = {
        "to_warn": minutes_between(began, _first(log, WARN)),
        "to_propose": minutes_between(began, _first(log, PROPOSE)),
        "to_activate": minutes_between(began, _first(log, ACTIVATE)),
        "to_accept": mean(minutes_between(task.issued_at, task.accepted_at) for task in tasks),
        "to_prove": mean(minutes_between(task.issued_at, task.proved_at) for task in tasks),
        "to_close": minutes_between(began, ended),
    }
    states = Counter(task.state for task in tasks)
    on_time = sum(1 for task in tasks if task.proved_at and task.proved_at <= task.due_at)
    totals = {
        "incidents": len(incidents),
        "reports": sum(row.reports_count for row in incidents),
        "merged": sum(max(row.reports_count - 1, 0) for row in incidents),
        "activations": sum(1 for row in activations if row.activated_at),
        "tasks": len(tasks) - states["withdrawn"],
        "closed": states["closed"],
        "open": len(tasks) - states["closed"] - states["withdrawn"],
        "on_time": on_time,
        "escalated": sum(1 for task in tasks if task.escalated_at),
        "steps": len(steps),
    }
    return AfterAction(began, ended or (log[-1].at if log else None), steps, durations, totals)


def _first(log: Sequence[Any], verb: str) -> datetime | None:
    return next((line.at for line in log if line.verb == verb), None)
