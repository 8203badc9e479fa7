"""Topics of the live stream: which events they carry and who may listen.

A module declares them as plain data in its ``live.py`` (it must not import the portal)::

    TOPICS = {"services": {"events": ["services.case.*"], "roles": ["services.clerk"]}}

``roles`` empty means public. ``owner`` names a key of the event's data that must equal the same
attribute of the listener (``person_id``, ``user_id`` or ``firm_id``): a private topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from quancheng.kernel.actor import Actor
from quancheng.kernel.events import Event, Subscription

OWNERS = frozenset({"person_id", "user_id", "firm_id"})
_topics: dict[str, Topic] = {}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic (直播主题)."""

    name: str
    events: tuple[str, ...]
    roles: frozenset[str] = frozenset()
    owner: str = ""

    def allows(self, actor: Actor) -> bool:
        """Whether this actor may listen at all."""
        if self.owner:
            return getattr(actor, self.owner) is not None
        return not self.roles or bool(self.roles & actor.role_ids)

    def carries(self, event: Event) -> bool:
        """Whether an event belongs to the topic."""
        return any(_wants(pattern, event.type) for pattern in self.events)

    def concerns(self, event: Event, actor: Actor) -> bool:
        """Whether an event of the topic is for this listener."""
        return not self.owner or event.data.get(self.owner) == getattr(actor, self.owner)


@lru_cache(maxsize=4096)
def _wants(pattern: str, event_type: str) -> bool:
    return Subscription("live", pattern, _nothing, 1, lambda attempt: attempt).wants(event_type)


def _nothing(event: Event) -> None:
    """Stands where a subscription has its handler."""


def topic(name: str, roles: Iterable[str] = (), *, events: Iterable[str] = (), owner: str = "") -> Topic:
    """Declare a topic; without ``events`` it carries everything the module ``name`` emits."""
    if not re.fullmatch(r"[a-z][a-z0-9_.-]*", name):
        raise ValueError(
            f"主题名只用小写字母、数字、点、横线：{name}。 Use lower case letters, digits, dots: {name}."
        )
    if owner and owner not in OWNERS:
        raise ValueError(f"owner 只能是 {sorted(OWNERS)}。 owner must be one of {sorted(OWNERS)}.")
    found = Topic(name, tuple(events) or (f"{name}.*",), frozenset(roles), owner)
    earlier = _topics.setdefault(name, found)
    if earlier != found:
        raise ValueError(f"主题 {name} 声明了两次。 The topic {name} is declared twice.")
    return found


def topics() -> Mapping[str, Topic]:
    """All topics, those of the modules included."""
    _collect()
    return _topics


@lru_cache(maxsize=1)
def _collect() -> None:
    from django.conf import settings

    for module in settings.MODULES:
        if find_spec(f"{module.dotted}.live") is None:
            continue
        declared: dict[str, dict[str, Any]] = getattr(import_module(f"{module.dotted}.live"), "TOPICS", {})
        for name, options in declared.items():
            topic(
                name,
                options.get("roles", ()),
                events=options.get("events", ()),
                owner=options.get("owner", ""),
            )
