"""信令对端: devices, lower and upper platforms and analysing systems, registered with a secret each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.video import config, secrets
from quancheng.capabilities.video.models import Camera, Direction, Platform, Status
from quancheng.capabilities.video.values import Credential
from quancheng.core.gb28181 import ids
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound, TooLarge

BULK = 2000
_TRANSPORTS = ("udp", "tcp")


@action("video.register_platform", idempotent=False)
def register_platform(
    call: Call, *, code: str, name: str, direction: str, region: str, owner: str = "", host: str = "",
    port: int = 5060, transport: str = "udp", password: str = "", share_region: str = "", simulated: bool = False,
) -> Credential:  # fmt: skip
    """登记对端; the credential holds the password or token made for it, which is never shown again.

    For an upper platform ``password`` is ours there, with host and port. Raises Forbidden, InvalidInput
    (fields), Conflict (the code is registered).
    """
    access.require(call.actor, "manage", Platform)
    facts = {"code": code, "name": name, "region": region, "direction": direction, "host": host, "port": port,
             "transport": transport, "password": password, "share_region": share_region}  # fmt: skip
    wrong = _wrong(facts)
    if wrong:
        raise InvalidInput(fields=wrong)
    if Platform.objects.filter(code=code).exists():
        raise Conflict(Text(f"编码{code}已登记。", f"The code {code} is registered."))
    row = Platform(
        code=code, name=name.strip(), direction=direction, region=region, host=host.strip(), port=port,
        transport=transport, owner=people.department(owner) if owner else None, share_region=share_region,
        configured_at=call.at, simulated=simulated, realm=config.load().domain,
    )  # fmt: skip
    credential = _arm(row, password)
    row.save()
    events.emit("video.platform.registered", code, {"code": code, "direction": direction, "region": region})
    audit.note(code=code, direction=direction)
    return credential


@action("video.register_devices", idempotent=False)
def register_devices(call: Call, *, rows: Sequence[Mapping[str, Any]]) -> list[Credential]:
    """批量登记摄像机 that register by themselves: code, name, region; lon, lat, owner, kind, smart, key_area optional.

    Each gets a peer and a camera under the same code. All or none. Raises Forbidden, TooLarge (2,000 rows),
    InvalidInput, Conflict.
    """
    access.require(call.actor, "manage", Platform)
    if len(rows) > BULK:
        raise TooLarge(Text(f"一批最多{BULK}台。", f"A batch has {BULK} devices at most."))
    codes = [str(row.get("code", "")) for row in rows]
    for place, row in enumerate(rows, 1):
        wrong = _wrong({"direction": Direction.DEVICE, "transport": "udp", "port": 5060, **row})
        if wrong:
            raise InvalidInput(Text(f"第{place}行有误。", f"Row {place} is not valid."), fields=wrong)
    taken = set(Platform.objects.filter(code__in=codes).values_list("code", flat=True))
    taken |= set(Camera.objects.filter(code__in=codes).values_list("code", flat=True))
    if taken or len(set(codes)) < len(codes):
        which = "、".join(sorted(taken)[:5])
        raise Conflict(Text(f"编码已登记或重复：{which}", f"Codes taken or repeated: {which}"))
    realm = config.load().domain
    peers, credentials = [], []
    for row in rows:
        peer = Platform(
            code=row["code"], name=str(row["name"]).strip(), direction=Direction.DEVICE, region=row["region"],
            realm=realm, configured_at=call.at, simulated=bool(row.get("simulated")), owner=row.get("owner"),
        )  # fmt: skip
        credentials.append(_arm(peer, str(row.get("password", ""))))
        peers.append(peer)
    made = Platform.objects.bulk_create(peers, batch_size=500)
    Camera.objects.bulk_create(
        [
            Camera(
                code=peer.code, name=peer.name, platform=peer, lon=row.get("lon"), lat=row.get("lat"),
                region=peer.region, owner=peer.owner, kind=row.get("kind", "fixed"), smart=bool(row.get("smart")),
                key_area=bool(row.get("key_area")), address=str(row.get("address", ""))[:120], status=Status.OFFLINE,
                status_at=call.at, changed_at=call.at, simulated=peer.simulated,
            )
            for peer, row in zip(made, rows, strict=True)
        ],
        batch_size=500,
    )  # fmt: skip
    audit.note(devices=len(made))
    return credentials


@action("video.renew_credential", idempotent=False)
def renew_credential(call: Call, *, code: str) -> Credential:
    """更换口令: a new password or token; the old one ends at once. Raises NotFound, Forbidden, InvalidInput."""
    row = _platform(call, code)
    if row.direction == Direction.UPPER:
        raise InvalidInput(
            Text("上级平台的口令由上级给定。", "The password at an upper platform is given by it.")
        )
    credential = _arm(row, "")
    row.configured_at = call.at
    row.save()
    audit.note(code=code)
    return credential


@action("video.set_enabled")
def set_enabled(call: Call, *, code: str, enabled: bool, note: str = "") -> Platform:
    """启用或停用对端: a disabled one is refused at its next message. Raises NotFound, Forbidden."""
    row = _platform(call, code)
    row.enabled = enabled
    row.configured_at = call.at
    row.save(update_fields=["enabled", "configured_at"])
    audit.note(code=code, enabled=enabled, note=note[:200])
    return row


@action("video.open_to_upper")
def open_to_upper(
    call: Call, *, code: str, share_region: str, may_play_until: datetime | None, purpose: str = ""
) -> Platform:
    """共享与调阅授权: which cameras an upper platform is told of, and until when it may watch them.

    Raises NotFound, Forbidden, InvalidInput (not an upper platform, no purpose for watching).
    """
    row = _platform(call, code)
    if row.direction != Direction.UPPER:
        raise InvalidInput(Text("只有上级平台可以共享。", "Only an upper platform can be shared with."))
    if share_region and not share_region.isdigit():
        raise InvalidInput(fields={"share_region": Text("请填写区划代码", "Enter a region code")})
    if may_play_until is not None and not purpose.strip():
        raise InvalidInput(fields={"purpose": Text("请填写调阅用途", "Enter the purpose of watching")})
    row.share_region, row.may_play_until = share_region, may_play_until
    row.play_purpose, row.configured_at = purpose.strip()[:200], call.at
    row.save(update_fields=["share_region", "may_play_until", "play_purpose", "configured_at"])
    audit.note(
        code=code, share_region=share_region, until=str(may_play_until or ""), purpose=row.play_purpose
    )
    return row


def _platform(call: Call, code: str) -> Platform:
    access.require(call.actor, "manage", Platform)
    found: Platform | None = access.visible(call.actor, Platform, verb="manage").filter(code=code).first()
    if found is None:
        raise NotFound(Text(f"没有对端{code[:20]}。", f"There is no peer {code[:20]}."))
    return found


def _arm(row: Platform, password: str) -> Credential:
    """Give a row its secret; what is told is not kept."""
    if row.direction == Direction.UPPER:
        row.sealed = secrets.seal(password)
        return Credential(row.code, row.realm, "")
    if row.direction == Direction.ANALYSER:
        token = secrets.new_token()
        row.sealed = secrets.token_digest(token)
        return Credential(row.code, row.realm, token)
    password = password or secrets.new_password()
    found = secrets.keys(row.code, row.realm, password)
    row.key_md5, row.key_sha256 = found["MD5"], found["SHA-256"]
    return Credential(row.code, row.realm, password)


def _wrong(facts: Mapping[str, Any]) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if not ids.is_code(str(facts.get("code", ""))):
        wrong["code"] = Text("20位数字编码", "A code of 20 digits")
    if not 0 < len(str(facts.get("name", "")).strip()) <= 120:
        wrong["name"] = Text("必填，最多120字", "Required, 120 characters at most")
    if facts.get("direction") not in Direction.values:
        wrong["direction"] = Text("请选择方向", "Choose a direction")
    region = str(facts.get("region", ""))
    if not (region.isascii() and region.isdigit() and 6 <= len(region) <= 12):
        wrong["region"] = Text("请填写6至12位区划代码", "Enter a region code of 6 to 12 digits")
    share = str(facts.get("share_region", ""))
    if share and not (share.isascii() and share.isdigit() and len(share) <= 12):
        wrong["share_region"] = Text("请填写区划代码", "Enter a region code")
    return wrong | _wrong_line(facts)


def _wrong_line(facts: Mapping[str, Any]) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if facts.get("transport") not in _TRANSPORTS:
        wrong["transport"] = Text("UDP或TCP", "UDP or TCP")
    port = facts.get("port", 0)
    if not isinstance(port, int) or not 0 < port < 65536:
        wrong["port"] = Text("1–65535", "1–65535")
    if facts.get("direction") == Direction.UPPER:
        if not str(facts.get("host", "")).strip():
            wrong["host"] = Text("请填写上级平台地址", "Enter the address of the upper platform")
        if not facts.get("password"):
            wrong["password"] = Text("请填写上级给定的口令", "Enter the password given by it")
    if len(str(facts.get("host", ""))) > 64 or len(str(facts.get("password", ""))) > 120:
        wrong["host"] = Text("过长", "Too long")
    return wrong
