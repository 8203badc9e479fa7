"""Deeds of cascade: neighbours and routes, batches heard and published, corrections, counts, harvests."""

from quancheng.capabilities.cascade.claims import claim_book, claim_neighbour
from quancheng.capabilities.cascade.counting import keep_count
from quancheng.capabilities.cascade.gathering import share_table
from quancheng.capabilities.cascade.harvesting import add_feed, keep_page, switch_feed
from quancheng.capabilities.cascade.hearing import forget_dead, hear, note_sent, publish
from quancheng.capabilities.cascade.landing import land, open_landings
from quancheng.capabilities.cascade.models import Neighbour
from quancheng.capabilities.cascade.neighbours import (
    add_neighbour,
    change_route,
    confirm_key,
    locked,
    neighbour_heard,
    neighbour_silent,
)
from quancheng.capabilities.cascade.pulses import hear_pulse
from quancheng.capabilities.cascade.upkeep import begin_epoch, prune_letters
from quancheng.capabilities.cascade.wishes import answer_wish
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict

__all__ = [
    "add_feed",
    "add_neighbour",
    "answer_wish",
    "begin_epoch",
    "change_route",
    "claim_book",
    "claim_neighbour",
    "confirm_key",
    "forget_dead",
    "hear",
    "hear_pulse",
    "keep_count",
    "keep_page",
    "land",
    "neighbour_heard",
    "neighbour_silent",
    "note_sent",
    "open_landings",
    "prune_letters",
    "publish",
    "set_state",
    "share_table",
    "switch_feed",
]


@action("cascade.neighbour.state", idempotent=False)
def set_state(call: Call, *, code: str, paused: bool) -> Neighbour:
    """暂停或恢复: while paused nothing is asked and nothing answered; nothing is lost. Raises Forbidden, Conflict."""
    access.require(call.actor, "manage", Neighbour)
    neighbour = locked(code)
    if neighbour.state == Neighbour.State.WAITING:
        raise Conflict(Text("请先核对密钥。", "Compare the key first."))
    neighbour.state = Neighbour.State.PAUSED if paused else Neighbour.State.ACTIVE
    if not paused:
        neighbour.heard_at = call.at
    neighbour.save(update_fields=["state", "heard_at"])
    audit.note(neighbour=code, state=neighbour.state)
    events.emit("cascade.neighbour.changed", code, {"state": neighbour.state})
    return neighbour
