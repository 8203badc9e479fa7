"""运维: who keeps devices working, calibration, expected intervals, credentials of access."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from quancheng.capabilities.ingest import actions as ingest
from quancheng.capabilities.ingest.values import ChannelSpec, Secret
from quancheng.capabilities.things import bridge
from quancheng.capabilities.things.actions.register import history, locked
from quancheng.capabilities.things.facts import calibration_due
from quancheng.capabilities.things.models import (
    Calibration,
    Datastream,
    DeviceEvent,
    Maintainer,
    MaintainerMember,
    Station,
    Status,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, TooLarge

BULK_LIMIT = 2000
LONGEST_INTERVAL = 60 * 24 * 31
INGEST = {
    "MQTT": "mqtt",
    "HTTP": "http",
    "HJ212": "hj212",
    "GB26875": "gb26875",
    "JT808": "jt808",
    "NBIOT": "nbiot",
}
"""规约 of the register → protocol of the ingest gateway; SL 651 has its own gateway here."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,39}")


@action("things.register_maintainer")
def register_maintainer(
    call: Call, *, code: str, zh: str, en: str, contact: str = "", phone: str = "", simulated: bool = False
) -> Maintainer:
    """登记运维单位. Raises Forbidden, InvalidInput, Conflict."""
    access.require(call.actor, "manage", Maintainer)
    wrong: dict[str, Text] = {}
    if not _CODE.fullmatch(code):
        wrong["code"] = Text("2–40位字母、数字或连字符", "2 to 40 letters, digits or hyphens")
    for name, value, limit in (("zh", zh, 80), ("en", en, 120)):
        if not 0 < len(value.strip()) <= limit:
            wrong[name] = Text(f"必填，最多{limit}字", f"Required, {limit} characters at most")
    if not re.fullmatch(r"[0-9+\-() ]{0,30}", phone):
        wrong["phone"] = Text("请填写电话号码", "Give a telephone number")
    if wrong:
        raise InvalidInput(fields=wrong)
    if Maintainer.objects.filter(code=code).exists():
        raise Conflict(Text("编号已被使用。", "The code is taken."))
    made: Maintainer = Maintainer.objects.create(
        code=code,
        zh=zh.strip(),
        en=en.strip(),
        contact=contact.strip()[:40],
        phone=phone,
        simulated=simulated,
    )
    audit.note(code=code)
    return made


@action("things.set_members", idempotent=False)
def set_members(call: Call, *, maintainer: str, users: Sequence[int]) -> int:
    """运维人员: the accounts that work on a maintainer's orders. Raises Forbidden, NotFound."""
    access.require(call.actor, "manage", Maintainer)
    found = _maintainer(maintainer)
    MaintainerMember.objects.filter(maintainer=found).exclude(user_id__in=list(users)).delete()
    for user in dict.fromkeys(users):
        MaintainerMember.objects.get_or_create(maintainer=found, user_id=user)
    audit.note(maintainer=maintainer, users=list(users))
    return len(set(users))


@action("things.set_maintainer")
def set_maintainer(call: Call, *, codes: Sequence[str], maintainer: str) -> int:
    """批量变更运维单位: of all these devices or of none; returns how many changed.

    Raises Forbidden, NotFound (names the first that is not there), TooLarge (more than 2000).
    """
    access.require(call.actor, "manage", Station)
    if len(codes) > BULK_LIMIT:
        raise TooLarge(Text(f"一次最多{BULK_LIMIT}台。", f"At most {BULK_LIMIT} devices at once."))
    found = _maintainer(maintainer) if maintainer else None
    seen = access.visible(call.actor, Station).filter(code__in=list(codes)).exclude(status=Status.RETIRED)
    rows = list(seen.order_by("code"))
    missing = sorted(set(codes) - {row.code for row in rows})
    if missing:
        raise NotFound(
            Text(f"没有可变更的设备 {missing[0]}。", f"There is no device {missing[0]} to change.")
        )
    changed = [row for row in rows if row.maintainer_id != (found.pk if found else None)]
    for row in changed:
        access.require(call.actor, "manage", row)
    Station.objects.filter(pk__in=[row.pk for row in changed]).update(maintainer=found, changed_at=call.at)
    note = found.zh if found else "—"
    DeviceEvent.objects.bulk_create(
        [history(call, row, DeviceEvent.What.MAINTAINER, note) for row in changed], batch_size=500
    )
    audit.note(maintainer=maintainer, devices=len(changed), first=[row.code for row in changed[:20]])
    return len(changed)


def _maintainer(code: str) -> Maintainer:
    found: Maintainer | None = Maintainer.objects.filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有运维单位 {code[:40]}。", f"There is no maintainer {code[:40]}."))
    return found


@action("things.calibrate")
def calibrate(
    call: Call, *, code: str, on: date, outcome: str, certificate: str = "", note: str = ""
) -> Calibration:
    """检定记录: the next one is due by the dated months of the kind. Raises NotFound, Forbidden, InvalidInput."""
    station = locked(call, code, "manage")
    wrong: dict[str, Text] = {}
    if outcome not in Calibration.Outcome.values:
        wrong["outcome"] = Text("请选择结论", "Choose a result")
    if not date(1949, 10, 1) <= on <= clock.today():
        wrong["on"] = Text("应为今天或以前的日期", "Must be today or an earlier day")
    if len(certificate) > 60:
        wrong["certificate"] = Text("最多60字", "60 characters at most")
    if wrong:
        raise InvalidInput(fields=wrong)
    passed = outcome != Calibration.Outcome.FAILED
    if passed and (station.calibrated_on is None or on >= station.calibrated_on):
        station.calibrated_on = on
        station.calibration_due = calibration_due(station)
        station.save(update_fields=["calibrated_on", "calibration_due"])
    made: Calibration = Calibration.objects.create(
        station=station, on=on, outcome=outcome, certificate=certificate.strip(), by=str(call.actor)[:120],
        note=note.strip()[:300], at=call.at, due=station.calibration_due if passed else None,
    )  # fmt: skip
    history(call, station, DeviceEvent.What.CALIBRATED, note, outcome=outcome, on=on.isoformat()).save()
    audit.note(code=code, on=on.isoformat(), outcome=outcome)
    events.emit("things.device.calibrated", code, {"code": code, "on": on.isoformat(), "outcome": outcome})
    return made


@action("things.set_interval")
def set_interval(call: Call, *, code: str, prop: str, minutes: int | None) -> Datastream:
    """应报间隔: of one stream; None = that of its kind. Raises NotFound, Forbidden, InvalidInput."""
    station = locked(call, code, "manage")
    if minutes is not None and not 0 < minutes <= LONGEST_INTERVAL:
        raise InvalidInput(fields={"minutes": Text("1分钟到31天", "1 minute to 31 days")})
    stream: Datastream | None = Datastream.objects.filter(station=station, prop=prop).first()
    if stream is None:
        raise NotFound(Text("没有这个数据流。", "There is no such stream."))
    stream.interval_minutes = minutes
    stream.save(update_fields=["interval_minutes"])
    history(call, station, DeviceEvent.What.EDITED, f"{prop} {minutes or '—'} min").save()
    audit.note(code=code, property=prop, minutes=minutes)
    return stream


@action("things.connect_device", idempotent=False)
def connect_device(call: Call, *, code: str, payload: str = "json") -> Secret:
    """发放接入凭据: the device may speak to the ingest gateway; the secret is shown this once.

    Raises NotFound, Forbidden; Conflict where its protocol needs none or it has one already.
    """
    station = locked(call, code, "manage")
    protocol = INGEST.get(station.protocol)
    if protocol is None or station.status == Status.RETIRED:
        raise Conflict(Text("这台设备不经接入网关。", "This device does not go through the ingest gateway."))
    inside = Call.system("things")
    bridge.enrol_stations(inside, [station])
    streams = Datastream.objects.filter(station=station).exclude(number=None)
    secret = ingest.register_device(
        inside, code=station.code, protocol=protocol, address=station.address or "", payload=payload,
        thing=bridge.key_of(station.code), simulated=station.simulated,
        channels=[ChannelSpec(row.prop, row.number) for row in streams if row.number is not None],
    )  # fmt: skip
    history(call, station, DeviceEvent.What.CONNECTED, protocol).save()
    audit.note(code=code, protocol=protocol)
    return secret
