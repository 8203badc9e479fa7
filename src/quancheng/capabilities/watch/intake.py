"""接入中断: when nothing at all comes, one alarm about the way in instead of one for every stream.

The pause that counts is of the log, not of a device: from the last time anybody's reading was appended.
After a start it is taken from the log's files, so that a runner that was away does not take its own
absence for the city's.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import structlog

from quancheng.capabilities.observations import log_reader
from quancheng.capabilities.things import actions as things
from quancheng.capabilities.things import queries as alarms
from quancheng.capabilities.watch.values import micros, moment
from quancheng.core.rules import Finding
from quancheng.core.text import Text
from quancheng.core.watch import SECOND
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call

log = structlog.get_logger(__name__)
RULE, KEY, LEVEL = "watch.ingest", "ingest", 2
PARAMETER = "watch.ingest_quiet_seconds"
NAME = Text("接入中断", "Ingest interrupted")
PLACE = Text("感知数据接入", "Ingest of readings")
CONDITION = Text(
    "全部数据流超过{0}秒没有任何读数，发出橙色告警；再有读数即恢复。",
    "Not one reading of any stream for more than {0} s raises an orange alarm; it ends with the next reading.",
)


class Intake:
    """接入: when anything last came, and the alarm that is open about it. Times in µs."""

    def __init__(self, place: Path | None = None) -> None:
        self.heard = log_reader.last_append(place)
        """None: nothing ever came, so nothing is missing."""
        self.alarm: int | None = None
        if (known := _open()) is not None:  # quiet since before it was raised, whatever the files say
            self.alarm, since = known[0], micros(known[1]) - self.patience()
            self.heard = min(self.heard or since, since)

    def patience(self) -> int:
        """The longest pause of everything that is no interruption."""
        return rulebook.find(PARAMETER).integer() * SECOND

    def quiet(self, now: int) -> int:
        """How long nothing has come."""
        return 0 if self.heard is None else max(0, now - self.heard)

    def came(self, now: int) -> int:
        """Readings came: how long it was quiet before; an open alarm ends."""
        before, self.heard = self.quiet(now), now
        if self.alarm is not None:
            things.end_alarm(Call.system("watch"), alarm=self.alarm, at=moment(now))
            log.warning("watch.ingest.resumed", quiet_seconds=before // SECOND)
            self.alarm = None
        return before

    def check(self, now: int, *, simulated: bool = False) -> int | None:
        """Raise the alarm when it has been quiet for too long; its id when there is one."""
        if self.alarm is None and self.heard is not None and self.quiet(now) > self.patience():
            self.alarm = self._raise(now, simulated)
            log.error("watch.ingest.interrupted", quiet_seconds=self.quiet(now) // SECOND)
        return self.alarm

    def _raise(self, now: int, simulated: bool) -> int:
        finding = rulebook.find(PARAMETER)
        return things.raise_alarm(
            Call.system("watch"), rule=RULE, rule_version=1, name=NAME, level=LEVEL, key=KEY, stream=None,
            at=moment((self.heard or now) + self.patience()), detected_at=clock.now(), readings=(),
            finding=grounds(finding, self.quiet(now)), incident_type="watch.device", simulated=simulated,
        )  # fmt: skip


def grounds(finding: Finding, quiet: int) -> dict[str, object]:
    """What the alarm says of itself."""
    seconds = finding.integer()
    words = Text(CONDITION.zh.format(seconds), CONDITION.en.format(seconds))
    return finding.to_dict() | {
        "amount": round(quiet / SECOND, 1), "threshold": seconds, "unit": "s", "property": "", "version": 1,
        "condition": words.to_dict(), "citation": finding.rule.citation, "place": PLACE.to_dict(),
    }  # fmt: skip


def _open() -> tuple[int, datetime] | None:
    """The alarm that goes on, and when it came true last."""
    rows = alarms.alarms(Call.system("watch").actor, rule=RULE, state="open", ended="no").order_by("-pk")
    row = rows.values_list("pk", "last_at", "raised_at").first()
    return None if row is None else (int(row[0]), row[1] or row[2])
