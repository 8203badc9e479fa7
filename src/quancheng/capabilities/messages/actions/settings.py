"""接收设置的写入: addresses proved by a code, what is on, quiet hours."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import time, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from quancheng.capabilities.messages import outbox
from quancheng.capabilities.messages.gateways import open_channels
from quancheng.capabilities.messages.models import AddressCode, Contact
from quancheng.capabilities.messages.routing import Out, is_phone, masked
from quancheng.core.text import Text
from quancheng.kernel import access, audit, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict, InvalidInput, NotSignedIn, TooMany, Unavailable

CODES_AN_HOUR = timedelta(hours=1), 5


def owner_of(actor: Actor) -> dict[str, Any]:
    """Whose settings they are: the person's, else the account's. Raises NotSignedIn."""
    if actor.person_id is not None:
        return {"recipient": f"person:{actor.person_id}", "person_id": actor.person_id, "user_id": None}
    if actor.user_id is not None:
        return {"recipient": f"user:{actor.user_id}", "person_id": None, "user_id": actor.user_id}
    raise NotSignedIn


@action("messages.settings.code")
def ask_code(call: Call, *, channel: str, address: str) -> AddressCode:
    """获取验证码: a code goes to the address that is to be one's own.

    Raises InvalidInput (no such address), TooMany (five an hour), Unavailable (no such channel here).
    """
    access.require(call.actor, "settle", AddressCode)
    out, place = Out(channel), address.strip()
    _sound(out, place)
    if out not in open_channels():
        raise Unavailable(Text("本市尚未开通这个通道。", "This channel is not open in this city yet."))
    owner = owner_of(call.actor)
    since, most = call.at - CODES_AN_HOUR[0], CODES_AN_HOUR[1]
    recent = AddressCode.objects.filter(made_at__gte=since)
    if max(recent.filter(recipient=owner["recipient"]).count(), recent.filter(address=place).count()) >= most:
        raise TooMany(Text("验证码获取太频繁，请一小时后再试。", "Too many codes; try again in an hour."))
    code = f"{secrets.randbelow(1_000_000):06}"
    minutes = rulebook.find("messages.code_minutes").integer()
    row: AddressCode = AddressCode.objects.create(
        **owner,
        channel=str(out),
        address=place,
        digest=_digest(owner["recipient"], place, code),
        made_at=call.at,
        expires_at=call.at + timedelta(minutes=minutes),
    )
    text = f"验证码 {code}，{minutes} 分钟内有效。不是您本人操作请忽略。"
    outbox.put(
        out, place, text, call.at, call.at, recipient=owner["recipient"], subject="泉城办验证码", secret=True,
        simulated=call.actor.simulated,
    )  # fmt: skip
    audit.note(channel=str(out), address=masked(place))
    return row


def _sound(out: Out, place: str) -> None:
    if out is Out.SMS:
        if not is_phone(place):
            raise InvalidInput(
                Text("手机号不对。", "That is no mobile number."),
                fields={"phone": Text("请填 11 位手机号", "eleven digits of a mobile number")},
            )
        return
    try:
        validate_email(place)
    except ValidationError as error:
        raise InvalidInput(
            Text("邮箱地址不对。", "That is no e-mail address."),
            fields={"email": Text("请填形如 name@example.org 的地址", "write it like name@example.org")},
        ) from error


def _digest(recipient: str, address: str, code: str) -> str:
    said = f"{recipient}\n{address}\n{code}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()


@action("messages.settings.confirm", idempotent=False)
def confirm_address(call: Call, *, channel: str, code: str) -> bool:
    """确认地址: the newest code typed in makes the address one's own; False when it is wrong.

    A wrong one counts. Raises Conflict when there is none, it is too old or was tried too often.
    """
    access.require(call.actor, "settle", AddressCode)
    owner = owner_of(call.actor)
    kept = AddressCode.objects.select_for_update().filter(recipient=owner["recipient"], channel=channel)
    row = kept.order_by("-pk").first()
    most = rulebook.find("messages.code_tries").integer()
    if row is None or row.used_at is not None or row.expires_at <= call.at or row.tries >= most:
        raise Conflict(Text("验证码已失效，请重新获取。", "The code is no longer good; get a new one."))
    right = hmac.compare_digest(row.digest, _digest(owner["recipient"], row.address, code.strip()))
    row.tries += 1
    row.used_at = call.at if right else None
    row.save(update_fields=["tries", "used_at"])
    audit.note(channel=channel, address=masked(row.address), right=right)
    if right:
        place = "phone" if channel == Out.SMS else "email"
        Contact.objects.update_or_create(
            recipient=owner["recipient"],
            defaults={**owner, place: row.address, f"{channel}_on": True, "updated_at": call.at},
        )
    return right


@action("messages.settings.save", idempotent=False)
def save_settings(
    call: Call, *, sms_on: bool, email_on: bool, quiet_from: time | None, quiet_until: time | None
) -> Contact:
    """保存接收设置. Raises InvalidInput for half a span of quiet hours."""
    access.require(call.actor, "settle", Contact)
    if (quiet_from is None) != (quiet_until is None):
        said = Text("开始和结束都要填，或都不填", "fill both, or neither")
        raise InvalidInput(said, fields={"quiet_until" if quiet_until is None else "quiet_from": said})
    owner = owner_of(call.actor)
    row, _ = Contact.objects.update_or_create(
        recipient=owner["recipient"],
        defaults={
            **owner, "sms_on": sms_on, "email_on": email_on, "quiet_from": quiet_from,
            "quiet_until": quiet_until, "updated_at": call.at,
        },
    )  # fmt: skip
    audit.note(sms=sms_on, email=email_on)
    return row


@action("messages.settings.drop", idempotent=False)
def drop_address(call: Call, *, channel: str) -> int:
    """删除地址: it is no longer one's own, and nothing is sent there any more."""
    access.require(call.actor, "settle", Contact)
    place = {"phone": ""} if channel == Out.SMS else {"email": ""}
    audit.note(channel=channel)
    mine = access.visible(call.actor, Contact, verb="settle")
    count: int = mine.update(**place, updated_at=call.at)
    return count
