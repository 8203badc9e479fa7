"""Deeds of cascade: neighbours and routes, batches heard and published, corrections, counts, harvests."""

from quancheng.capabilities.cascade.claims import claim_book, claim_neighbour
from quancheng.capabilities.cascade.counting import keep_count
from quancheng.capabilities.cascade.gathering import share_table
from quancheng.capabilities.cascade.harvesting import add_feed, keep_page, switch_feed
from quancheng.capabilities.cascade.hearing import forget_dead, hear, note_sent, publish
from quancheng.capabilities.cascade.landing import land, open_landings
from quancheng.capabilities.cascade.neighbours import (
    add_neighbour,
    change_route,
    confirm_key,
    neighbour_heard,
    neighbour_silent,
    set_state,
)
from quancheng.capabilities.cascade.pulses import hear_pulse
from quancheng.capabilities.cascade.upkeep import begin_epoch, prune_letters
from quancheng.capabilities.cascade.wishes import answer_wish

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
