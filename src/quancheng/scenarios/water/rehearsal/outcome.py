"""结果与判定: what the drill showed, and whether each thing it must show was shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from quancheng.capabilities.command import queries as picture
from quancheng.capabilities.things import queries as sensing
from quancheng.kernel.actor import Actor
from quancheng.kernel.clock import LOCAL
from quancheng.scenarios.water.rehearsal.ledger import Ledger
from quancheng.scenarios.water.rehearsal.scenery import Scenery, load_storm

CENTRE = "city-hall"
COLOURS = {1: "red", 2: "orange", 3: "yellow", 4: "blue"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the drill must show: its name in both languages, the figure, and whether it holds."""

    zh: str
    en: str
    shown: str
    holds: bool


@dataclass(slots=True)
class Outcome:
    """Everything the report says."""

    exercise: str
    seed: int
    faults: float
    ledger: Ledger
    missing: dict[str, list[str]]
    rain: dict[str, str]
    first_alarms: dict[str, str]
    warnings: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    durations: dict[str, Any]
    totals: dict[str, Any]
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(check.holds for check in self.checks)


def clock_time(moment: datetime | str | None) -> str:
    """Local hours and minutes of a moment, or a dash."""
    if moment is None:
        return "—"
    value = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{value.astimezone(LOCAL):%H:%M}"


def rain_at_centre(scenery: Scenery, actor: Actor, exercise: str) -> dict[str, str]:
    """Largest sums of 1, 2 and 3 h at city hall: as sent, and as the city received them (mm)."""
    rain = next(each for each in scenery.rains if each.gauge.id == CENTRE).rain
    found = {f"sent_{hours}h": str(rain.maximum(timedelta(hours=hours))) for hours in (1, 2, 3)}
    points = sensing.series(
        actor, CENTRE, "rain_5min", since=scenery.slots[0], until=scenery.slots[-1], exercise=exercise
    )
    amounts = {point.time: Decimal(str(point.value)) for point in points if point.value is not None}
    for hours in (1, 2, 3):
        found[f"received_{hours}h"] = str(_largest(amounts, hours))
    found["received_slots"] = f"{len(amounts)}/{len(scenery.slots)}"
    return found


def _largest(amounts: dict[datetime, Decimal], hours: int) -> Decimal:
    width = timedelta(hours=hours)
    return max(
        (
            sum((value for at, value in amounts.items() if end - width < at <= end), Decimal(0))
            for end in amounts
        ),
        default=Decimal(0),
    )


def first_alarms(actor: Actor, exercise: str) -> dict[str, str]:
    """When each warning level first alarmed at city hall (local time of the crossing)."""
    found: dict[str, str] = {}
    for alarm in sensing.alarms(actor, exercise=exercise, station=CENTRE).order_by("raised_at", "level"):
        found.setdefault(COLOURS[alarm.level], clock_time(alarm.raised_at))
    return found


def judge(outcome: Outcome, actor: Actor) -> list[Check]:
    """Every check of the drill."""
    return [
        *_rain_checks(outcome),
        *_data_checks(outcome),
        *_warning_checks(outcome),
        *_response_checks(outcome, actor),
    ]


def _rain_checks(outcome: Outcome) -> list[Check]:
    storm = load_storm()
    wanted = {f"sent_{window.minutes // 60}h": window.amount for window in storm.windows}
    sent = {name: Decimal(outcome.rain[name]) for name in wanted}
    shown = " / ".join(str(sent[name]) for name in sorted(sent))
    return [Check("降雨再现(1/2/3小时，毫米)", "Rain as of 2007 (1/2/3 h, mm)", shown, sent == wanted)]


def _data_checks(outcome: Outcome) -> list[Check]:
    ledger = outcome.ledger
    lost = sum(len(slots) for slots in outcome.missing.values())
    unseen = ledger.channel.get("lost", 0) + sum(ledger.rejected.values())
    return [
        Check(
            "损坏报文接收数",
            "Corrupt frames accepted",
            str(len(ledger.corrupt_accepted)),
            not ledger.corrupt_accepted,
        ),
        Check(
            "完好报文误拒数", "Good frames refused", str(len(ledger.good_rejected)), not ledger.good_rejected
        ),
        Check("收发对账", "Counts reconcile", f"{ledger.sent}", ledger.balances),
        Check("缺测已全部指明", "Every gap is named", str(lost), lost == unseen),
    ]


def _warning_checks(outcome: Outcome) -> list[Check]:
    published = [each for each in outcome.warnings if each["msg_type"] != "cancel"]
    levels = {each["colour"] for each in published}
    cancelled = [each for each in outcome.warnings if each["msg_type"] == "cancel"]
    return [
        Check("发布预警(含升级)", "Warnings published", "、".join(sorted(levels)) or "—", "red" in levels),
        Check("预警已解除", "Warning cancelled", str(len(cancelled)), bool(cancelled)),
    ]


def _response_checks(outcome: Outcome, actor: Actor) -> list[Check]:
    ever = picture.activations(actor, exercise=outcome.exercise, live=False)
    activated = [each for each in ever if each.activated_at]
    worst = min((each.level for each in activated), default=None)
    tasks = picture.tasks(actor, exercise=outcome.exercise)
    total, closed = tasks.count(), tasks.filter(state="closed").count()
    incidents = picture.incidents(actor, exercise=outcome.exercise)
    still = [each.number for each in incidents if each.is_open]
    return [
        Check(
            "预案启动至",
            "Plan activated at level",
            ["Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ"][worst - 1] if worst else "—",
            worst == 1,
        ),
        Check("任务闭环", "Tasks closed", f"{closed}/{total}", total > 0 and closed == total),
        Check(
            "事件结案", "Incidents closed", f"{incidents.count() - len(still)}/{incidents.count()}", not still
        ),
    ]
