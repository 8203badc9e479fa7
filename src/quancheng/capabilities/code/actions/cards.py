"""Printed codes, for those without a phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.code import minting
from quancheng.capabilities.code.models import Card, Choice, Credential
from quancheng.capabilities.code.vocabulary import scenes
from quancheng.capabilities.people import queries as people
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden


@action("code.card.print")
def print_card(call: Call, *, person_id: int | None = None) -> Card:
    """制作纸质码: one lives at a time; a new one stops the earlier. Fewer scenes and rights than a phone's.

    Scenes the person switched off are not on it. For oneself, or at a counter for ``person_id``.
    Raises Forbidden, Conflict (no scene is left).
    """
    person = _holder(call, person_id)
    until = call.at + timedelta(days=rulebook.find("code.card_days").integer())
    off = set(Choice.objects.filter(person=person, on=False).values_list("scene", flat=True))
    mask = sum(one.mask for one in scenes() if one.printed and one.code not in off)
    if not mask:
        raise Conflict(
            Text("可用纸质码的场景都已关闭。", "Every scene that takes printed codes is switched off."),
            todo=Text("先在“场景开关”里打开一个。", "Switch one on under “Scenes” first."),
        )
    _stop_live(call, person.pk, "replaced")
    credential, token = minting.mint_printed(person, mask, call.at, until)
    card = Card.objects.create(credential=credential, person=person, token=token, made_at=call.at)
    access.require(call.actor, "print", card)
    audit.note(card=card.pk, person=person.pk)
    events.emit("code.card.printed", str(card.pk), {"person_id": person.pk, "simulated": person.simulated})
    return card  # type: ignore[no-any-return]


def _holder(call: Call, person_id: int | None) -> Any:
    if person_id is not None:
        return people.person(call.actor, person_id)
    mine = people.me(call.actor)
    if mine is None:
        raise Forbidden(
            Text("请先完成实名核验，再制作纸质码。", "Verify your real name before you print a code."),
            todo=Text("到“我的”页面完成实名核验。", "Verify your identity on the page “Me”."),
        )
    return mine


@action("code.card.stop")
def stop_card(call: Call, *, card: Card) -> Card:
    """停用纸质码. Raises Forbidden, Conflict (stopped already)."""
    access.require(call.actor, "stop", card)
    if card.stopped_at is not None:
        raise Conflict(Text("这张纸质码已经停用。", "The printed code was stopped already."))
    _stop_live(call, card.person_id, "stopped")
    card.refresh()
    audit.note(card=card.pk)
    return card


def _stop_live(call: Call, person_id: int, why: str) -> None:
    live = Card.objects.filter(person_id=person_id, stopped_at=None)
    pks = list(live.values_list("credential_id", flat=True))
    live.update(stopped_at=call.at)
    minting.stop(Credential.objects.filter(pk__in=pks), call.at, why)
