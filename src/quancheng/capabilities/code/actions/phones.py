"""Phones: bind, renew, switch scenes, lose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from quancheng.capabilities.code import minting
from quancheng.capabilities.code.models import Card, Choice, Credential, Device
from quancheng.capabilities.code.vocabulary import Scene, entitlements, scene, scenes
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.people.queries import require_assurance
from quancheng.core.keys import Algorithm, KeyFault, from_jwk, thumbprint, to_jwk
from quancheng.core.text import Text
from quancheng.kernel import access, audit, clock, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import Assurance
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput


@dataclass(frozen=True, slots=True)
class Batch:
    """一批凭证: the tokens a phone keeps, one for each scene that is on."""

    tokens: tuple[tuple[Scene, bytes, datetime], ...]
    at: datetime


@action("code.device.enrol")
def enrol_device(
    call: Call, *, public: Mapping[str, Any], label: str, signed_in_at: datetime | None = None
) -> Device:
    """绑定手机: keep the public key of a phone. The same key again is the same phone.

    ``signed_in_at``: when the asker's session began. After a phone was reported lost only later sessions bind:
    the one on the lost phone is still open. Raises Forbidden, InvalidInput (not an ES256 key), Conflict (too
    many phones, another's key).
    """
    access.require(call.actor, "enrol", Device)
    require_assurance(call.actor, Assurance.PASSWORD)
    person = _mine(call)
    try:
        key = from_jwk(public)
    except KeyFault as wrong:
        raise InvalidInput(
            Text(
                "手机发来的公钥无法识别，请刷新页面再试。", "The phone's key cannot be read; reload the page."
            ),
            fields={"public": Text(f"公钥不成立：{wrong}", str(wrong))},
        ) from None
    if key.algorithm is not Algorithm.ES256:
        said = Text("手机密钥须为 ES256。", "The key of a phone is an ES256 key.")
        raise InvalidInput(said, fields={"public": said})
    mark = thumbprint(key).hex()
    known = Device.objects.filter(thumbprint=mark).first()
    if known is not None:
        return _again(known, person.pk)
    _since_loss(person.pk, signed_in_at)
    _room_for_one(person.pk)
    device = Device.objects.create(
        person=person,
        label="".join(one for one in label if one.isprintable()).strip()[:60] or "手机",
        public=to_jwk(key),
        thumbprint=mark,
        level=int(call.actor.assurance),
        enrolled_at=call.at,
    )
    audit.note(device=device.pk, thumbprint=mark)
    events.emit(
        "code.device.enrolled",
        str(device.pk),
        {"person_id": person.pk, "label": device.label, "simulated": person.simulated},
    )
    return device  # type: ignore[no-any-return]


def _mine(call: Call) -> Any:
    person = people.me(call.actor)
    if person is None:
        raise Forbidden(
            Text("请先完成实名核验，再使用泉城码。", "Verify your real name before you use the code."),
            todo=Text("到“我的”页面完成实名核验。", "Verify your identity on the page “Me”."),
        )
    return person


def _since_loss(person_id: int, signed_in_at: datetime | None) -> None:
    lost = Device.objects.filter(person_id=person_id, state=Device.State.LOST).aggregate(Max("ended_at"))
    if lost["ended_at__max"] is not None and (signed_in_at is None or signed_in_at <= lost["ended_at__max"]):
        raise Forbidden(
            Text("挂失之后须重新登录才能绑定手机。", "After a phone was lost, sign in anew to bind one."),
            todo=Text("请退出登录，再登录一次后绑定。", "Sign out, sign in again, then bind."),
        )


def _again(known: Device, person_id: int) -> Device:
    if known.person_id != person_id or known.state != Device.State.ACTIVE:
        raise Conflict(
            Text("这把密钥已停用或属于他人。", "This key is stopped, or somebody else's."),
            todo=Text(
                "在手机上点“重新绑定”，会生成新的密钥。", "Choose “bind again” on the phone for a new key."
            ),
        )
    return known


def _room_for_one(person_id: int) -> None:
    most = rulebook.find("code.max_devices").integer()
    mine = Device.objects.filter(person_id=person_id, state=Device.State.ACTIVE)
    if len(mine.select_for_update()) >= most:  # locked: two phones at once do not both find room for one
        raise Conflict(
            Text(f"一人最多绑定{most}部手机。", f"A person may bind {most} phones."),
            todo=Text("先在“我的手机”里解绑一部。", "Remove one under “My phones” first."),
        )


@action("code.batch.renew", idempotent=False)
def renew_batch(call: Call, *, device: Device) -> Batch:
    """续期: one fresh credential for each scene that is on. Earlier ones live to their own end.

    Raises Forbidden, Conflict (the phone is no longer bound).
    """
    access.require(call.actor, "renew", device)
    row = Device.objects.select_for_update().get(pk=device.pk)
    if row.state != Device.State.ACTIVE:
        raise Conflict(
            Text("这部手机已解绑或挂失。", "This phone is no longer bound."),
            todo=Text("请在手机上重新绑定。", "Bind the phone again."),
        )
    off = set(Choice.objects.filter(person_id=row.person_id, on=False).values_list("scene", flat=True))
    hours = rulebook.find("code.credential_hours").integer()
    until = call.at + timedelta(hours=hours)
    wanted = [one for one in scenes() if one.code not in off]
    tokens = minting.mint_for_phone(row, wanted, call.at, until)
    row.renewed_at = call.at
    row.save(update_fields=["renewed_at"])
    audit.note(device=row.pk, credentials=len(tokens))
    return Batch(tuple((one, token, until) for one, token in zip(wanted, tokens, strict=True)), call.at)


@action("code.device.lose")
def report_lost(call: Call, *, device: Device) -> Device:
    """挂失: the phone and every credential on it stop now; gates learn it with their next list.

    Raises Forbidden, Conflict (stopped already).
    """
    access.require(call.actor, "stop", device)
    return _stop(call, device, Device.State.LOST, "lost")


@action("code.device.remove")
def remove_device(call: Call, *, device: Device) -> Device:
    """解绑: this phone no longer shows a code. Raises Forbidden, Conflict (stopped already)."""
    access.require(call.actor, "stop", device)
    return _stop(call, device, Device.State.REMOVED, "removed")


def _stop(call: Call, device: Device, state: Device.State, why: str) -> Device:
    live = Device.objects.filter(pk=device.pk, state=Device.State.ACTIVE)
    if not live.update(state=state, ended_at=call.at):
        raise Conflict(Text("这部手机已经停用。", "The phone was stopped already."))
    stopped = minting.stop(Credential.objects.filter(device_id=device.pk), call.at, why)
    device.refresh()
    audit.note(device=device.pk, credentials=stopped, why=why)
    events.emit(
        f"code.device.{why}",
        str(device.pk),
        {"person_id": device.person_id, "label": device.label, "simulated": device.person.simulated},
    )
    return device


@action("code.rights.stop")
def stop_rights(call: Call, *, person_id: int, licence_type: str) -> int:
    """权益失效: a licence a right came from is gone; credentials that carry the right stop now.

    The phone's next renewal brings one without it. Returns how many stopped.
    """
    access.require(call.actor, "stop", Device)
    bits = sum(1 << one.bit for one in entitlements() if (one.source, one.value) == ("licence", licence_type))
    live = Credential.objects.filter(person_id=person_id, revoked_at=None, expires_at__gt=call.at)
    carrying = [row.pk for row in live.only("pk", "entitlements") if row.entitlements & bits]
    stopped = minting.stop(Credential.objects.filter(pk__in=carrying), call.at, "right gone")
    audit.note(person=person_id, licence=licence_type, credentials=stopped)
    return stopped


@action("code.scene.switch")
def switch_scene(call: Call, *, scene_code: str, on: bool) -> Choice:
    """场景开关. Switched off, the credentials of the scene stop now, a printed code that carries it too.

    Raises Forbidden, InvalidInput.
    """
    access.require(call.actor, "switch", Choice)
    person, where = _mine(call), scene(scene_code)
    choice, _made = Choice.objects.update_or_create(
        person=person, scene=where.code, defaults={"on": on, "changed_at": clock.now()}
    )
    stopped = 0
    if not on:
        live = Credential.objects.filter(person=person, revoked_at=None, expires_at__gt=call.at)
        mine = [row.pk for row in live.only("pk", "scenes") if row.scenes & where.mask]
        Card.objects.filter(credential_id__in=mine, stopped_at=None).update(stopped_at=call.at)
        stopped = minting.stop(Credential.objects.filter(pk__in=mine), call.at, "scene off")
    audit.note(scene=where.code, on=on, credentials=stopped)
    return choice  # type: ignore[no-any-return]
