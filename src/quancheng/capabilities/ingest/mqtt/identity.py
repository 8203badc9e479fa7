"""身份: who a CONNECT is from, and what that one may publish and subscribe to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings

from quancheng.capabilities.ingest import credentials
from quancheng.capabilities.ingest.registry import Registry
from quancheng.capabilities.ingest.values import DeviceRef, Protocol
from quancheng.core.mqtt import Connect, Reason, shared
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

STA = "v1.1/"
WATCHERS = frozenset({"ingest.operator", "ingest.viewer"})


@dataclass(frozen=True)
class Identity:
    """Who a line belongs to: a device, a person of the platform, or nobody known."""

    name: str
    actor: Actor
    device: DeviceRef | None = None

    @cached_property
    def up(self) -> str:
        """The topic of a device's readings; empty for people."""
        return f"d/{self.device.code}/up" if self.device else ""

    @cached_property
    def down(self) -> str:
        """The topic of commands to a device; empty for people."""
        return f"d/{self.device.code}/down" if self.device else ""

    def may_publish(self, topic: str) -> bool:
        """A device below its own code except ``down``; anybody to SensorThings, which asks for itself."""
        if self.device is not None:
            return topic.startswith(f"d/{self.device.code}/") and topic != self.down
        return topic.startswith(STA)

    def may_subscribe(self, filter: str) -> bool:
        """A device to its commands; anybody to SensorThings; those who watch the gateway to devices."""
        parts = shared(filter)
        plain = parts[1] if parts else filter
        if self.device is not None:
            return plain == self.down
        if plain.startswith(STA):
            return True
        watches = bool(self.actor.role_ids & WATCHERS)
        return watches and plain.split("/", 1)[0] == "d"


ANONYMOUS = Identity("", Actor.anonymous())
_EDITOR = RoleGrant("sensorthings.editor")
_ANYBODY = Identity("", Actor(ActorKind.ANONYMOUS, "demo", grants=(_EDITOR,), simulated=True))


def nobody() -> Identity:
    """Who has not said who it is; in a demo city it may write SensorThings, as over HTTP."""
    return _ANYBODY if settings.DEMO else ANONYMOUS


def overlaps_sensorthings(filter: str) -> bool:
    """Whether a subscription asks for changes of SensorThings."""
    parts = shared(filter)
    return (parts[1] if parts else filter).startswith(STA)


async def identify(
    connect: Connect, certificate: bytes | None, registry: Registry, person: PersonCheck
) -> Identity | Reason:
    """The identity a CONNECT proves, or the reason to refuse it. Secrets are neither kept nor logged."""
    username = connect.username or ""
    if certificate is not None:
        found = await _by_certificate(certificate, username, registry)
        if found is not None:
            return found
    if not username:
        return nobody() if certificate is None and connect.password is None else Reason.NOT_AUTHORIZED
    device = await registry.find(username)
    if device is None:
        return await person(username, connect.password)
    secret = (connect.password or b"").decode("utf-8", "replace")
    if device.protocol != Protocol.MQTT or not credentials.matches(secret, device.secret_hash):
        return Reason.BAD_USER_OR_PASSWORD
    return of_device(device)


async def _by_certificate(certificate: bytes, username: str, registry: Registry) -> Identity | None:
    mark = credentials.fingerprint(certificate)
    device = await registry.find_certificate(mark)
    if device is None or device.protocol != Protocol.MQTT or username not in ("", device.code):
        return None
    return of_device(device)


def of_device(device: DeviceRef) -> Identity:
    """The identity of a device."""
    return Identity(device.code, Actor(ActorKind.DEVICE, device.code, simulated=device.simulated), device)


def ends_lines(before: DeviceRef, now: DeviceRef) -> bool:
    """Whether a change of the device ends its lines: they were opened with what is no longer valid."""
    return before.secret_hash != now.secret_hash or not before.fingerprints <= now.fingerprints


class PersonCheck:
    """Asks the platform's accounts; runs in a thread, because passwords of people are hashed slowly."""

    async def __call__(self, username: str, password: bytes | None) -> Identity | Reason:
        return await asyncio.to_thread(self.check, username, password)

    def check(self, username: str, password: bytes | None) -> Identity | Reason:
        """Username and password of an account."""
        from django.contrib.auth import authenticate

        from quancheng.capabilities.people.queries import actor_for
        from quancheng.kernel.db.freshness import freshen

        freshen()
        try:
            word = (password or b"").decode("utf-8")
        except UnicodeDecodeError:
            return Reason.BAD_USER_OR_PASSWORD
        user = authenticate(username=username[:150], password=word)
        if user is None:
            return Reason.BAD_USER_OR_PASSWORD
        return Identity(f"user:{user.pk}", actor_for(user))
