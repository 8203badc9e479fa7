"""渠道: ways a message leaves the platform. In-app is always there: the row itself.

A channel is anything with ``deliver(message)``; it is called after the row is committed, must not
raise for the recipient's sake, and may be added by ``register`` (an SMS gateway, a push service).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from quancheng.capabilities.messages.models import Message

log = logging.getLogger(__name__)


class Channel(Protocol):
    """A way out."""

    name: str

    def deliver(self, message: Message) -> None:
        """Send one message; the in-app copy exists already."""


_channels: dict[str, Channel] = {}


def register(channel: Channel) -> None:
    """Add a channel under its name (replacing an earlier one of that name)."""
    _channels[channel.name] = channel


def unregister(name: str) -> None:
    """Take a channel away; unknown names are ignored."""
    _channels.pop(name, None)


def deliver(message: Message) -> None:
    """Hand a committed message to every channel; one failing channel does not stop the others."""
    for channel in list(_channels.values()):
        try:
            channel.deliver(message)
        except Exception:
            log.exception("channel %s could not deliver message %s", channel.name, message.pk)
