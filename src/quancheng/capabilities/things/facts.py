"""设备信息的核对: what a device may be called, where it may stand, what it may speak; nothing is looked up."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Any

from quancheng.capabilities.things.models import Kind, Station, Status
from quancheng.core.rules import RuleTable
from quancheng.core.telemetry.sl651 import FrameError
from quancheng.core.telemetry.sl651.times import pack_station
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,39}")
_RESERVED = {
    "alarms",
    "rejected",
    "new",
    "batches",
    "import",
    "orders",
    "quality",
    "coverage",
    "maintainers",
    "bulk",
}
_UID = re.compile(r"[\x21-\x7e]{1,64}")
PROTOCOLS = {
    "SL651": Text("SL 651 水文监测", "SL 651 hydrology"),
    "MQTT": Text("MQTT", "MQTT"),
    "HTTP": Text("HTTP", "HTTP"),
    "HJ212": Text("HJ 212 污染物监控", "HJ 212 pollution monitoring"),
    "GB26875": Text("GB 26875.3 消防物联", "GB 26875.3 fire alarms"),
    "JT808": Text("JT/T 808 车载终端", "JT/T 808 vehicle terminals"),
    "NBIOT": Text("NB-IoT 平台推送", "NB-IoT platform push"),
    "GB28181": Text("GB/T 28181 视频", "GB/T 28181 video"),
    "NONE": Text("不联网", "Not connected"),
}
"""规约: what a device may speak."""
TEXTS = {"maker": 80, "model": 80, "serial": 80}
SL651 = "SL651"
_FIRST_DAY = date(1949, 10, 1)


def wrong_fields(row: Mapping[str, Any]) -> dict[str, Text]:
    """What is wrong with the facts of a device, by field; nothing is looked up."""
    return _wrong_words(row) | _wrong_choices(row) | _wrong_protocol(row) | _wrong_days(row)


def _wrong_words(row: Mapping[str, Any]) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    code = str(row.get("code", ""))
    if not CODE.fullmatch(code) or code.lower() in _RESERVED:
        wrong["code"] = Text("2–40位字母、数字或连字符", "2 to 40 letters, digits or hyphens")
    for name, limit in (("zh", 80), ("en", 120), ("region", 12), ("department", 60)):
        if not 0 < len(str(row.get(name, "")).strip()) <= limit:
            wrong[name] = Text(f"必填，最多{limit}字", f"Required, {limit} characters at most")
    for name, limit in TEXTS.items():
        if len(str(row.get(name) or "").strip()) > limit:
            wrong[name] = Text(f"最多{limit}字", f"{limit} characters at most")
    return wrong


def _wrong_choices(row: Mapping[str, Any]) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if row.get("kind") not in Kind.values:
        wrong["kind"] = Text("请选择类别", "Choose a kind")
    if row.get("status", Status.PLANNED) not in Status.values:
        wrong["status"] = Text("请选择状态", "Choose a state")
    if not str(row.get("region", "")).isdigit():
        wrong["region"] = Text("请选择区县", "Choose a district")
    for name, least, most in (("lon", 73.0, 136.0), ("lat", 3.0, 54.0)):
        if not _between(row.get(name), least, most):
            wrong[name] = Text(f"应在{least:g}到{most:g}之间", f"Must be {least:g} to {most:g}")
    return wrong


def _wrong_protocol(row: Mapping[str, Any]) -> dict[str, Text]:
    protocol, address = str(row.get("protocol") or SL651), str(row.get("address") or "").upper()
    if protocol not in PROTOCOLS:
        return {"protocol": Text("请选择规约", "Choose a protocol")}
    if protocol == SL651 and address and not _is_address(address):
        return {"address": Text("10位站址，如 0037010201", "Ten digits, such as 0037010201")}
    if address and not _UID.fullmatch(address):
        return {"address": Text("最多64个可见字符", "At most 64 visible characters")}
    return {}


def _wrong_days(row: Mapping[str, Any]) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    for name in ("installed_on", "calibrated_on"):
        day = row.get(name)
        if day is not None and (not isinstance(day, date) or not _FIRST_DAY <= day <= clock.today()):
            wrong[name] = Text("应为今天或以前的日期", "Must be today or an earlier day")
    return wrong


def calibration_due(station: Station) -> date | None:
    """下次检定: months of its kind after the last one (or the installation); None where nothing is due."""
    begin = station.calibrated_on or station.installed_on
    months = _calibration_months(clock.today()).get(station.kind)
    if begin is None or not months:
        return None
    number = begin.month - 1 + months
    year, month = begin.year + number // 12, number % 12 + 1
    return date(year, month, min(begin.day, monthrange(year, month)[1]))


def _calibration_months(on: date) -> Mapping[str, int]:
    value = rulebook.find("things.calibration_months", on=on).value
    return {kind: int(str(value[kind])) for kind in value} if isinstance(value, RuleTable) else {}


def _between(raw: Any, least: float, most: float) -> bool:
    try:
        return least <= float(raw) <= most
    except (TypeError, ValueError):
        return False


def _is_address(address: str) -> bool:
    try:
        pack_station(address)
    except FrameError:
        return False
    return True
