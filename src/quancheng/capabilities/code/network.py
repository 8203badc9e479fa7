"""模拟闸机网: gates as programs, for rehearsals and measurements: cut off, wrong clocks, batches kept.

A gate here is what a gate in the street is: it knows the bundle it last fetched, checks alone, keeps its
scans, and uploads when it can. Nothing in it reads the city's database.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quancheng.capabilities.code.statuses import StatusLists
from quancheng.capabilities.code.vocabulary import Scene
from quancheng.core import citycode
from quancheng.core.keys import from_jwk


@dataclass(slots=True)
class StreetGate:
    """A gate: its scene, how wrong its clock is, whether it has a network."""

    code: str
    scene: Scene
    clock: int = 0
    """Seconds its clock is off."""
    online: bool = True
    gate: citycode.Gate | None = None
    kept: list[dict[str, Any]] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)

    def take(self, bundle: Mapping[str, Any]) -> None:
        """Fetch a bundle; the memory of what passed stays. Without a network nothing happens."""
        if not self.online:
            return
        keys = [from_jwk({name: row[name] for name in row if name != "kid"}) for row in bundle["keys"]]
        packed = {
            int(number): base64.urlsafe_b64decode(text + "==")
            for number, text in bundle["status"]["lists"].items()
        }
        limits = bundle["limits"]
        knows = citycode.Verifying(
            {key.kid: key for key in keys}, StatusLists(packed).stopped, skew=limits["skew_seconds"],
            window=limits["window_steps"],
        )  # fmt: skip
        if self.gate is None:
            self.gate = citycode.Gate(knows)
        else:
            self.gate.knows = knows

    def scan(self, text: str, at: int) -> str:
        """What the gate decides at the true time ``at``; kept for the upload."""
        if self.gate is None:
            return "no bundle"
        here = at + self.clock
        try:
            citycode.verify(
                text, self.gate, now=here, scene=self.scene.bit, printed_allowed=self.scene.printed
            )
            verdict = "ok"
        except citycode.CodeFault as fault:
            verdict = str(fault.reason)
        self.verdicts[verdict] += 1
        self.kept.append({"token": text, "at": here, "scene": self.scene.code, "verdict": verdict})
        return verdict

    def hand_over(self, most: int) -> list[dict[str, Any]]:
        """The next batch to upload; empty without a network."""
        if not self.online:
            return []
        batch, self.kept = self.kept[:most], self.kept[most:]
        return batch
