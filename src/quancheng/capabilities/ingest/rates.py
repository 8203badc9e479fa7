"""限速: token buckets, so that one device's flood is its own affair. Pure; time is given in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Buckets:
    """A bucket for each key: ``rate`` a second flow in, at most ``burst`` lie in it; it may go into debt."""

    most: int = 500_000
    _held: dict[object, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: object, number: float, rate: float, burst: float, now: float) -> float:
        """Take ``number``; returns the seconds to wait until the bucket is out of debt (0 = go on)."""
        held = self._held.get(key)
        if held is None:
            if len(self._held) >= self.most:
                self._held.clear()
            level = burst
        else:
            level = min(burst, held[0] + max(0.0, now - held[1]) * rate)
        level -= number
        self._held[key] = (level, now)
        return -level / rate if level < 0 else 0.0

    def forget(self, key: object) -> None:
        """The key will not come again soon."""
        self._held.pop(key, None)


@dataclass(slots=True)
class Percentiles:
    """Last so many durations, for p50/p95/p99 on the status page."""

    size: int = 4096
    _kept: list[float] = field(default_factory=list)
    _next: int = 0

    def add(self, seconds: float) -> None:
        """One duration."""
        if len(self._kept) < self.size:
            self._kept.append(seconds)
        else:
            self._kept[self._next] = seconds
            self._next = (self._next + 1) % self.size

    def of(self, *shares: float) -> list[float]:
        """The values below which these shares (0 to 1) lie; zeros while there is none."""
        if not self._kept:
            return [0.0 for _ in shares]
        ordered = sorted(self._kept)
        return [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in shares]
