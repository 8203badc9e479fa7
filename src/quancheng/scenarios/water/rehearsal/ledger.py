"""对账: what was sent, what the channel did, what the city accepted; they must add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from quancheng.capabilities.things.values import IngestReport
from quancheng.core.telemetry import Delivery, Fate, Outcome


@dataclass(slots=True)
class Ledger:
    """Counts kept while the drill runs; frames are told apart by their ids."""

    sent: int
    channel: Counter[str]
    accepted: Counter[str] = field(default_factory=Counter)
    """Accepted frames by fate."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Rejected frames by reason."""
    duplicates: int = 0
    corrupt_accepted: list[str] = field(default_factory=list)
    good_rejected: list[str] = field(default_factory=list)
    arrived: set[str] = field(default_factory=set)

    @classmethod
    def open(cls, sent: int, outcome: Outcome) -> Ledger:
        """A ledger for frames sent through a channel."""
        counts: Counter[str] = Counter(entry.fate.value for entry in outcome.ledger)
        counts["disturbed"] = sum(counts.values()) - counts.get(Fate.DELIVERED.value, 0)
        return cls(sent, counts)

    def enter(self, deliveries: Sequence[Delivery], report: IngestReport) -> None:
        """Enter one batch with the city's answer for each frame, in order."""
        for delivery, answer in zip(deliveries, report.outcomes, strict=True):
            if answer.status == "accepted":
                self.accepted[delivery.fate.value] += 1
                self.arrived.add(delivery.id)
                if delivery.fate is Fate.CORRUPT:
                    self.corrupt_accepted.append(delivery.id)
            elif answer.status == "duplicate":
                self.duplicates += 1
            else:
                self.rejected[answer.reason] += 1
                if delivery.fate is not Fate.CORRUPT:
                    self.good_rejected.append(delivery.id)

    @property
    def balances(self) -> bool:
        """Sent = lost + rejected + duplicate + accepted."""
        kept = sum(self.accepted.values()) + sum(self.rejected.values()) + self.duplicates
        return self.sent == kept + self.channel.get(Fate.LOST.value, 0)

    def missing(self, sent_ids: Iterable[str]) -> dict[str, list[str]]:
        """Observation times that never arrived, by station code."""
        gone: dict[str, list[str]] = {}
        for name in sent_ids:
            if name not in self.arrived:
                station, _, slot = name.partition("@")
                gone.setdefault(station, []).append(f"{datetime.fromisoformat(slot):%H:%M}")
        return {station: sorted(slots) for station, slots in sorted(gone.items())}

    def to_dict(self) -> dict[str, Any]:
        """Figures for the report."""
        return {
            "sent": self.sent,
            "channel": {name: self.channel.get(name, 0) for name in ("lost", "late", "corrupt")},
            "accepted": sum(self.accepted.values()),
            "accepted_late": self.accepted.get(Fate.LATE.value, 0),
            "rejected": dict(sorted(self.rejected.items())),
            "duplicates": self.duplicates,
            "corrupt_accepted": len(self.corrupt_accepted),
            "good_rejected": len(self.good_rejected),
            "balances": self.balances,
        }
