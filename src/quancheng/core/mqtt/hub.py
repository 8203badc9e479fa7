"""分发: sessions, subscriptions, shared subscriptions and retained messages of a server. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from quancheng.core.mqtt.packets import Subscription
from quancheng.core.mqtt.session import Message, Session
from quancheng.core.mqtt.topics import Tree, matches, shared

__all__ = ["Hub"]


@dataclass(slots=True)
class Hub:
    """Who gets what. ``most_retained`` bounds the retained messages; further topics are not retained."""

    most_retained: int = 10_000
    sessions: dict[str, Session] = field(default_factory=dict)
    retained: dict[str, Message] = field(default_factory=dict)
    _direct: Tree[Subscription] = field(default_factory=Tree)
    _shared: Tree[list[str]] = field(default_factory=Tree)
    _turn: int = 0

    def __len__(self) -> int:
        """How many filters are subscribed to."""
        return len(self._direct) + len(self._shared)

    # -- subscriptions ------------------------------------------------------------------------
    def subscribe(self, session: Session, wanted: Subscription, identifier: int = 0) -> list[Message]:
        """Add or replace a subscription; returns the retained messages to send for it (§3.3.1.3)."""
        fresh = wanted.filter not in session.subscriptions
        session.subscriptions[wanted.filter] = wanted
        session.identifiers.pop(wanted.filter, None)
        if identifier:
            session.identifiers[wanted.filter] = identifier
        self._enter(session.client_id, wanted)
        if (
            shared(wanted.filter)
            or wanted.retain_handling == 2
            or (wanted.retain_handling == 1 and not fresh)
        ):
            return []
        return [
            self._for(session, (wanted,), one, retained=True)
            for one in self.retained.values()
            if matches(wanted.filter, one.topic)
        ]

    def _enter(self, client_id: str, wanted: Subscription) -> None:
        parts = shared(wanted.filter)
        if parts is None:
            self._direct.put(wanted.filter, (client_id, wanted.filter), wanted)
            return
        _name, inner = parts
        members = next((value for key, value in self._shared.find_exact(inner) if key == wanted.filter), None)
        if members is None:
            self._shared.put(inner, wanted.filter, [client_id])
        elif client_id not in members:
            members.append(client_id)

    def restore(self, session: Session) -> None:
        """A session kept from before: its subscriptions count again."""
        self.sessions[session.client_id] = session
        for wanted in session.subscriptions.values():
            self._enter(session.client_id, wanted)

    def unsubscribe(self, session: Session, filter: str) -> bool:
        """Take a subscription away; False when there was none."""
        if session.subscriptions.pop(filter, None) is None:
            return False
        session.identifiers.pop(filter, None)
        self._leave(session.client_id, filter)
        return True

    def _leave(self, client_id: str, filter: str) -> None:
        parts = shared(filter)
        if parts is None:
            self._direct.remove(filter, (client_id, filter))
            return
        for key, members in self._shared.find_exact(parts[1]):
            if key == filter and client_id in members:
                members.remove(client_id)
                if not members:
                    self._shared.remove(parts[1], filter)
                return

    def end(self, client_id: str) -> Session | None:
        """The session is over: everything of it goes."""
        session = self.sessions.pop(client_id, None)
        for filter in list(session.subscriptions) if session else ():
            self._leave(client_id, filter)
        return session

    def wanted(self, filter: str) -> bool:
        """Whether anybody subscribes with this very filter."""
        parts = shared(filter)
        return bool(self._shared.find_exact(parts[1]) if parts else self._direct.find_exact(filter))

    # -- messages -----------------------------------------------------------------------------
    def retain(self, message: Message) -> None:
        """Keep (or with an empty payload forget) the last message of a topic (§3.3.1.3)."""
        if not message.payload:
            self.retained.pop(message.topic, None)
        elif message.topic in self.retained or len(self.retained) < self.most_retained:
            self.retained[message.topic] = message

    def route(
        self, message: Message, origin: str, is_online: Callable[[str], bool]
    ) -> list[tuple[Session, Message]]:
        """Whom a message goes to, in the form each is to get it; a shared group gets it once."""
        wanted: dict[str, list[Subscription]] = {}
        for key, subscription in self._direct.find(message.topic):
            client_id = key[0]  # type: ignore[index]
            if not (subscription.no_local and client_id == origin):
                wanted.setdefault(client_id, []).append(subscription)
        found = [
            (session, self._for(session, subscriptions, message))
            for client_id, subscriptions in wanted.items()
            if (session := self.sessions.get(client_id)) is not None
        ]
        for filter, members in self._shared.find(message.topic):
            session = self._one_of(members, is_online)
            if session is not None:
                found.append((session, self._for(session, (session.subscriptions[str(filter)],), message)))
        return found

    def _one_of(self, members: list[str], is_online: Callable[[str], bool]) -> Session | None:
        self._turn += 1
        order = [members[(self._turn + step) % len(members)] for step in range(len(members))]
        chosen = next((one for one in order if is_online(one)), order[0] if order else None)
        return self.sessions.get(chosen) if chosen else None

    @staticmethod
    def _for(
        session: Session, subscriptions: Iterable[Subscription], message: Message, retained: bool = False
    ) -> Message:
        rows = list(subscriptions)
        properties = dict(message.properties)
        identifiers = [session.identifiers[one.filter] for one in rows if one.filter in session.identifiers]
        if identifiers:
            properties["subscription_identifier"] = identifiers
        keep = retained or (message.retain and any(one.retain_as_published for one in rows))
        return replace(
            message,
            qos=min(message.qos, max(one.qos for one in rows)),
            retain=keep,
            properties=properties,
        )
