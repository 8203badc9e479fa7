"""判帧: which frames and readings may be believed. Nothing here touches the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from quancheng.capabilities.things.models import Station, Status
from quancheng.capabilities.things.properties import PROPERTIES, impossible, property_of
from quancheng.capabilities.things.values import ReceivedFrame
from quancheng.core.telemetry import sl651
from quancheng.core.telemetry.sl651 import Direction, Fault, Frame, FrameError, Function, Quality
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook

_EPOCH = datetime(1970, 1, 1, tzinfo=sl651.BEIJING)

REASONS: dict[str, Text] = {
    "unknown-station": Text(
        "登记中没有这个遥测站地址：核对站码，或先登记站点",
        "No station with this address: check its setting or register it first",
    ),
    "retired-station": Text(
        "站点已退役：如重新启用请先变更状态", "The station is retired: change its status first"
    ),
    "other-station": Text(
        "报头与正文的站址不同：请核对遥测站设置",
        "Header and body name different stations: check its settings",
    ),
    "sent-ahead": Text("发报时间在将来：请对遥测站校时", "Sent in the future: set the station's clock"),
    "observed-ahead": Text(
        "观测时间在将来：请对遥测站校时", "Observed in the future: set the station's clock"
    ),
    "too-old": Text(
        "观测时间过早，已不能进入窗口：请作为历史资料导入", "Too old for the windows: import it as history"
    ),
    "no-report": Text("不是可接收的自报报文", "Not a self-report this centre takes"),
    "impossible-value": Text("数值不可能：请检查传感器", "An impossible value: check the sensor"),
    "off-slot": Text(
        "5分钟降雨的时间不在整5分钟：请检查遥测站设置", "Rain slot off the five minutes: check settings"
    ),
}


def reason_text(reason: str) -> Text:
    """What a reason means and what to do, in both languages."""
    if reason in REASONS:
        return REASONS[reason]
    try:
        return FrameError(Fault(reason)).advice
    except ValueError:
        return Text(reason, reason)


@dataclass(frozen=True, slots=True)
class Terms:
    """The dated limits of believing."""

    ahead: timedelta
    oldest: timedelta
    late: timedelta


def terms(moment: datetime) -> Terms:
    """Limits in force at a moment (looked up once an hour of event time)."""
    return _terms(int(moment.timestamp()) // 3600)


@lru_cache(maxsize=256)
def _terms(hour: int) -> Terms:
    on = datetime.fromtimestamp(hour * 3600, clock.LOCAL).date()
    minutes = {
        name: timedelta(minutes=rulebook.find(f"things.{name}_minutes", on=on).integer())
        for name in ("ahead", "oldest", "late")
    }
    return Terms(**minutes)


def forget_terms() -> None:
    """After parameter files changed."""
    _terms.cache_clear()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A frame or reading refused."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """A frame as decoded, or why it could not be."""

    received: ReceivedFrame
    frame: Frame | None
    refusal: Refusal | None

    @property
    def address(self) -> str:
        """The station address if the frame could be read."""
        return self.frame.station if self.frame else ""

    def raw(self) -> bytes:
        """The bytes, made again from the frame where the receiver kept none."""
        if self.received.raw:
            return self.received.raw
        if self.received.fault is not None:
            return self.received.fault.raw
        return sl651.encode(self.frame) if self.frame is not None else b""


def read(received: ReceivedFrame) -> Read:
    """Decode what was received unless the receiver did so already."""
    if received.fault is not None:
        fault = received.fault
        return Read(received, None, Refusal(fault.reason.value, fault.detail))
    if received.frame is not None:
        return Read(received, received.frame, None)
    try:
        return Read(received, sl651.decode(received.raw), None)
    except FrameError as refused:
        return Read(received, None, Refusal(refused.reason.value, refused.detail))


def judge(frame: Frame, received_at: datetime, station: Station | None) -> Refusal | None:
    """Why a well-formed frame may not be believed, or None."""
    if station is None:
        return Refusal("unknown-station", frame.station)
    if station.status == Status.RETIRED:
        return Refusal("retired-station", station.code)
    if frame.direction is not Direction.UP:
        return Refusal("no-report", "down")
    if frame.function == Function.KEEPALIVE:
        return None
    report = frame.report
    if report is None:
        return Refusal("no-report", f"{frame.function:02X}")
    if report.station != frame.station:
        return Refusal("other-station", report.station)
    return _times(frame, received_at)


def _times(frame: Frame, received_at: datetime) -> Refusal | None:
    limits = terms(received_at)
    if frame.sent_at is not None and frame.sent_at > received_at + limits.ahead:
        return Refusal("sent-ahead", frame.sent_at.isoformat())
    observed = [reading.observed_at for reading in frame.readings]
    if observed and max(observed) > received_at + limits.ahead:
        return Refusal("observed-ahead", max(observed).isoformat())
    if observed and min(observed) < received_at - limits.oldest:
        return Refusal("too-old", min(observed).isoformat())
    return None


def is_late(observed_at: datetime, received_at: datetime) -> bool:
    """Whether a reading came later than stations normally need."""
    return observed_at < received_at - terms(received_at).late


def readings(frame: Frame, kind: str) -> Iterator[tuple[str, datetime, Decimal | None, Refusal | None]]:
    """Property, time and value of each reading we keep, or why a value is refused.

    Test reports (测试报) say that the station lives; their values are nobody's weather.
    """
    if frame.function == Function.TEST:
        return
    for reading in frame.readings:
        prop = property_of(reading.element.code, kind)
        if prop is None or reading.quality is Quality.MISSING or reading.value is None:
            continue
        yield prop, reading.observed_at, reading.value, _doubt(prop, reading.observed_at, reading.value)


def _doubt(prop: str, at: datetime, value: Decimal) -> Refusal | None:
    if impossible(prop, value):
        return Refusal("impossible-value", f"{prop}={value}")
    slot = PROPERTIES[prop].slot
    if slot is not None and (at - _EPOCH) % slot:
        return Refusal("off-slot", f"{prop} {at.isoformat()}")
    return None


def stations_by_address(addresses: set[str]) -> Mapping[str, Station]:
    """Registered stations with these addresses."""
    return {station.address: station for station in Station.objects.filter(address__in=addresses)}
