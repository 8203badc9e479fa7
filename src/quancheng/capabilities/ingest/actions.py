"""Deeds of ingest: devices and their credentials, commands to them, what the gateways report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from quancheng.capabilities.ingest import bulk, credentials, letters
from quancheng.capabilities.ingest.checking import FINGERPRINT, wrong_channels, wrong_fields
from quancheng.capabilities.ingest.models import (
    Certificate,
    Change,
    Channel,
    Command,
    DeadLetter,
    Device,
    Protocol,
    Status,
)
from quancheng.capabilities.ingest.values import ChannelSpec, DeviceSpec, Secret
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import ActorKind
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound

COMMAND_BYTES = 64 * 1024


# -- devices ----------------------------------------------------------------------------------
@action("ingest.register_device", idempotent=False)
def register_device(
    call: Call,
    *,
    code: str,
    protocol: str,
    address: str = "",
    payload: str = "json",
    thing: str | None = None,
    channels: Sequence[ChannelSpec] = (),
    rate: float = 0.0,
    simulated: bool = False,
) -> Secret:
    """登记接入设备: the secret in the answer is shown this once. ``rate``: readings a second, 0 = the city's limit.

    ``address`` is what the device calls itself in its protocol (MN, terminal number …); empty = its code.
    Raises Forbidden, InvalidInput (fields), Conflict when the code or the address is taken.
    """
    access.require(call.actor, "register", Device)
    row = DeviceSpec(code, protocol, address, payload, thing or "", tuple(channels), rate, simulated)
    return _register(call, [row])[0]


@action("ingest.register_devices", idempotent=False)
def register_devices(call: Call, *, rows: Sequence[DeviceSpec]) -> list[Secret]:
    """批量登记: as :func:`register_device`, all or none."""
    access.require(call.actor, "register", Device)
    return _register(call, rows)


def _register(call: Call, rows: Sequence[DeviceSpec]) -> list[Secret]:
    for row in rows:
        if wrong := wrong_fields(row):
            raise InvalidInput(fields=wrong)
    _refuse_taken(rows)
    made, shown = [], []
    for row in rows:
        secret = credentials.new_secret()
        shown.append(secret)
        made.append(
            Device(
                code=row.code, protocol=row.protocol, address=row.address or row.code, payload=row.payload,
                thing=row.thing, rate=float(row.rate), simulated=row.simulated, created_at=call.at,
                secret_at=call.at, secret_hash=credentials.hash_of(secret),
            )
        )  # fmt: skip
    devices = Device.objects.bulk_create(made, batch_size=500)
    _write_channels(zip(devices, (row.channels for row in rows), strict=True))
    for device in devices:
        events.emit(
            "ingest.device.registered", device.code, {"code": device.code, "protocol": device.protocol}
        )
    audit.note(devices=len(devices), first=[one.code for one in devices[:5]])
    return [Secret(device.pk, device.code, secret) for device, secret in zip(devices, shown, strict=True)]


def _write_channels(pairs: Iterable[tuple[Device, Sequence[ChannelSpec]]]) -> None:
    rows = [
        Channel(device=device, element=one.element, stream=one.stream, scale=one.scale, offset=one.offset)
        for device, channels in pairs
        for one in channels
    ]
    Channel.objects.bulk_create(rows, batch_size=500)


def _refuse_taken(rows: Sequence[DeviceSpec]) -> None:
    codes = [row.code for row in rows]
    addresses = [(str(row.protocol), row.address or row.code) for row in rows]
    taken: set[str] = set()
    for start in range(0, len(codes), 500):
        taken |= set(
            Device.objects.filter(code__in=codes[start : start + 500]).values_list("code", flat=True)
        )
        part = addresses[start : start + 500]
        used = Device.objects.filter(address__in=[one for _, one in part]).values_list("protocol", "address")
        taken |= {address for protocol, address in used if (protocol, address) in set(part)}
    if taken or len(set(codes)) < len(codes) or len(set(addresses)) < len(addresses):
        which = "、".join(sorted(taken)[:5])
        raise Conflict(
            Text(f"设备编码或地址已被使用：{which}", f"The code or address is taken: {which}"),
            todo=Text("请换一个编码或地址。", "Choose another code or address."),
        )


@action("ingest.set_channels", idempotent=False)
def set_channels(call: Call, *, code: str, channels: Sequence[ChannelSpec]) -> int:
    """设置通道: replaces all channels of a device; gateways read them within a second. Returns how many."""
    device = _device(call, code, "manage")
    if wrong := wrong_channels(channels):
        raise InvalidInput(fields=wrong)
    Channel.objects.filter(device=device).delete()
    _write_channels([(device, channels)])
    _changed(call, device)
    audit.note(code=code, channels=len(channels))
    return len(channels)


@action("ingest.rotate_secret", idempotent=False)
def rotate_secret(call: Call, *, code: str) -> Secret:
    """更换凭据: the old secret is refused from now on, a connection made with it is cut."""
    device = _device(call, code, "manage")
    secret = credentials.new_secret()
    device.secret_hash, device.secret_at = credentials.hash_of(secret), call.at
    device.save(update_fields=["secret_hash", "secret_at"])
    _changed(call, device)
    audit.note(code=code)
    return Secret(device.pk, device.code, secret)


@action("ingest.trust_certificate", idempotent=False)
def trust_certificate(call: Call, *, code: str, fingerprint: str) -> str:
    """信任设备证书: the device may sign in with the certificate of this SHA-256. Returns the fingerprint."""
    device = _device(call, code, "manage")
    plain = fingerprint.replace(":", "").strip().lower()
    if not FINGERPRINT.fullmatch(plain):
        raise InvalidInput(
            fields={
                "fingerprint": Text("应为SHA-256指纹（64位十六进制）", "A SHA-256: 64 hexadecimal digits")
            }
        )
    if Certificate.objects.filter(fingerprint=plain).exists():
        raise Conflict(Text("该证书已登记。", "The certificate is registered already."))
    Certificate.objects.create(device=device, fingerprint=plain, added_at=call.at)
    _changed(call, device)
    audit.note(code=code, fingerprint=plain[:16])
    return plain


@action("ingest.suspend_device", idempotent=False)
def suspend_device(call: Call, *, code: str, note: str = "") -> Device:
    """停用: the device is hung up and refused until it is resumed."""
    return _set_status(call, code, Status.SUSPENDED, note)


@action("ingest.resume_device", idempotent=False)
def resume_device(call: Call, *, code: str, note: str = "") -> Device:
    """恢复: the device may connect again."""
    return _set_status(call, code, Status.ACTIVE, note)


def _set_status(call: Call, code: str, status: Status, note: str) -> Device:
    device = _device(call, code, "manage")
    if device.status == status:
        raise Conflict(Text("设备已是这个状态。", "The device is in this state already."))
    audit.note(code=code, before=device.status, status=status.value, note=note[:300])
    device.status = status
    device.save(update_fields=["status"])
    _changed(call, device)
    events.emit("ingest.device.status_changed", device.code, {"code": device.code, "status": status.value})
    return device


@action("ingest.remove_device", idempotent=False)
def remove_device(call: Call, *, code: str) -> None:
    """移除: its channels, commands and dead letters go too; observations stay where they are."""
    device = _device(call, code, "manage")
    _changed(call, device)
    audit.note(code=code)
    events.emit("ingest.device.status_changed", device.code, {"code": device.code, "status": "removed"})
    device.delete()


def _device(call: Call, code: str, verb: str) -> Device:
    found: Device | None = access.visible(call.actor, Device).filter(code=code).first()
    if found is None:
        access.require(call.actor, verb, Device)
        raise NotFound(Text(f"没有设备 {code[:64]}。", f"There is no device {code[:64]}."))
    access.require(call.actor, verb, found)
    locked: Device = Device.objects.select_for_update().get(pk=found.pk)
    return locked


def _changed(call: Call, device: Device) -> None:
    """Let every gateway read the device again."""
    device.revision += 1
    Device.objects.filter(pk=device.pk).update(revision=F("revision") + 1)
    Change.objects.create(code=device.code, at=call.at)


# -- commands ---------------------------------------------------------------------------------
@action("ingest.send_command")
def send_command(call: Call, *, device: str, body: str, minutes: int | None = None) -> Command:
    """下发指令: queued durably, delivered over MQTT with QoS 1, until acknowledged or out of date.

    ``minutes``: how long it is worth delivering; by default the parameter ``ingest.command_minutes``.
    """
    found = _device(call, device, "command")
    if found.protocol != Protocol.MQTT:
        raise InvalidInput(Text("该设备不接收MQTT指令。", "This device takes no commands over MQTT."))
    raw = body.encode("utf-8", "surrogatepass")
    if not 0 < len(raw) <= COMMAND_BYTES:
        raise InvalidInput(fields={"body": Text("内容1–65536字节", "1 to 65,536 bytes")})
    least = rulebook.find("ingest.command_minutes").integer() if minutes is None else minutes
    if not 0 < least <= 60 * 24 * 30:
        raise InvalidInput(fields={"minutes": Text("有效期1分钟到30天", "Valid for 1 minute to 30 days")})
    made: Command = Command.objects.create(
        device=found, body=raw, queued_at=call.at, queued_by=str(call.actor)[:120],
        expires_at=call.at + timedelta(minutes=least),
    )  # fmt: skip
    audit.note(code=found.code, command=made.pk, bytes=len(raw))
    events.emit("ingest.command.queued", found.code, {"code": found.code, "command": made.pk})
    return made


@action("ingest.note_commands", idempotent=False)
def note_commands(call: Call, *, sent: Sequence[int] = (), done: Sequence[int] = ()) -> int:
    """The gateway's report: commands written to the line, and those the device acknowledged."""
    access.require(call.actor, "report", Command)
    waiting = Command.objects.filter(pk__in=list(sent), state=Command.State.QUEUED)
    number: int = waiting.update(state=Command.State.SENT, sent_at=call.at)
    for one in Command.objects.filter(pk__in=list(done)).exclude(state=Command.State.DONE).select_related():
        one.state, one.done_at = Command.State.DONE, call.at
        one.save(update_fields=["state", "done_at"])
        number += 1
        events.emit("ingest.command.done", one.device.code, {"code": one.device.code, "command": one.pk})
    audit.note(sent=len(sent), done=len(done))
    return number


@action("ingest.expire_commands", idempotent=False)
def expire_commands(call: Call) -> int:
    """Commands nobody fetched in time."""
    access.require(call.actor, "report", Command)
    old = Command.objects.filter(state__in=[Command.State.QUEUED, Command.State.SENT], expires_at__lt=call.at)
    number: int = old.update(state=Command.State.EXPIRED)
    audit.note(expired=number)
    return number


# -- what gateways report ---------------------------------------------------------------------
@action("ingest.note_presence", idempotent=False)
def note_presence(call: Call, *, connected: Mapping[str, datetime], silent: Mapping[str, str]) -> int:
    """上下线: devices that came and devices that went, with the reason. Returns how many rows changed.

    One event for all that came, one for each reason to have gone: a mass reconnect is one piece of news.
    """
    access.require(call.actor, "report", Device)
    number = _mark(connected, True, call.at)
    number += _mark(silent, False, call.at)
    reasons: dict[str, list[str]] = {}
    for code, reason in silent.items():
        reasons.setdefault(reason, []).append(code)
    if connected:
        _tell_presence("ingest.device.connected", sorted(connected), {})
    for reason, codes in reasons.items():
        _tell_presence("ingest.device.silent", sorted(codes), {"reason": reason})
    audit.note(connected=len(connected), silent=len(silent))
    return number


def _mark(codes: Iterable[str], connected: bool, at: datetime) -> int:
    every, number = list(codes), 0
    for start in range(0, len(every), 500):
        part = Device.objects.filter(code__in=every[start : start + 500])
        number += part.update(connected=connected, seen_at=at)
    return number


def _tell_presence(kind: str, codes: Sequence[str], more: Mapping[str, str]) -> None:
    """``codes`` in parts that fit into an event; the subject is the device when it is one."""
    for start in range(0, len(codes), 2000):
        part = list(codes[start : start + 2000])
        events.emit(kind, part[0] if len(part) == 1 else "devices", {"codes": part, **more})


@action("ingest.reset_presence", idempotent=False)
def reset_presence(call: Call) -> int:
    """A gateway starts: nobody is connected to it yet."""
    access.require(call.actor, "report", Device)
    number: int = Device.objects.filter(connected=True).update(connected=False)
    audit.note(devices=number)
    return number


# -- dead letters -----------------------------------------------------------------------------
@action("ingest.keep_letters", idempotent=False)
def keep_letters(
    call: Call, *, found: Sequence[letters.Letter], dropped: Mapping[int, int] | None = None
) -> int:
    """留存死信: durable before the device hears of it; past a device's bound they are counted only."""
    access.require(call.actor, "report", DeadLetter)
    most = rulebook.find("ingest.letters_per_device").integer()
    kept = letters.keep(found, most=most, dropped=dropped or {})
    audit.note(letters=len(found), kept=kept)
    return kept


@action("ingest.retry_letter", idempotent=False)
def retry_letter(call: Call, *, letter: int) -> DeadLetter:
    """重试死信: read the bytes again, now that device, channels or decoder may be right.

    Raises NotFound, Forbidden, Conflict (handled already), InvalidInput when it still cannot be taken.
    """
    row = _letter(call, letter)
    outcome = letters.retry(row)
    row.state = DeadLetter.State.RETRIED
    row.save(update_fields=["state"])
    audit.note(letter=row.pk, code=row.code, stored=outcome.stored, duplicate=outcome.duplicate)
    return row


@action("ingest.dismiss_letter", idempotent=False)
def dismiss_letter(call: Call, *, letter: int) -> DeadLetter:
    """忽略死信: it will not be taken. Raises NotFound, Forbidden, Conflict."""
    row = _letter(call, letter)
    row.state = DeadLetter.State.DISMISSED
    row.save(update_fields=["state"])
    audit.note(letter=row.pk, code=row.code)
    return row


def _letter(call: Call, pk: int) -> DeadLetter:
    access.require(call.actor, "handle", DeadLetter)
    found = access.visible(call.actor, DeadLetter).filter(pk=pk).first()
    if found is None:
        raise NotFound(Text("没有这条死信。", "There is no such dead letter."))
    row: DeadLetter = DeadLetter.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if row.state != DeadLetter.State.OPEN:
        raise Conflict(Text("死信已处理。", "The dead letter was handled already."))
    return row


# -- readings ---------------------------------------------------------------------------------
@action("ingest.receive_readings")
def receive_readings(call: Call, *, device: str, format: str, body: bytes) -> dict[str, Any]:
    """批量接收: readings of a device under an idempotency key, or a file a person uploads for it.

    ``format`` is one of ``payloads.FORMATS``. Returns how many were stored, changed, duplicate and refused (by
    reason). Raises NotFound, Forbidden, InvalidInput when the body cannot be read at all.
    """
    access.require(call.actor, "upload", Device)
    answer = bulk.receive(device, format, body)
    if (
        call.actor.kind is not ActorKind.DEVICE
    ):  # gateways must not go on believing what they knew of its streams
        Change.objects.create(code=device, at=call.at)
    audit.note(device=device, bytes=len(body), **answer)
    return answer


@action("ingest.prune", idempotent=False)
def prune(call: Call) -> dict[str, int]:
    """清理: old notices of changes, handled letters and finished commands."""
    access.require(call.actor, "report", Device)
    keep = timedelta(days=rulebook.find("ingest.kept_days").integer())
    gone = {
        "changes": Change.objects.filter(at__lt=call.at - timedelta(hours=1)).delete()[0],
        "letters": DeadLetter.objects.filter(at__lt=call.at - keep).delete()[0],
        "commands": Command.objects.filter(
            state__in=[Command.State.DONE, Command.State.EXPIRED], queued_at__lt=call.at - keep
        ).delete()[0],
    }
    audit.note(**gone)
    return gone
