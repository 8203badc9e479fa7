"""事件变消息: each event makes the messages its templates ask for, once."""

from __future__ import annotations

from quancheng.capabilities.messages.actions import send_message
from quancheng.capabilities.messages.wording import RECIPIENTS, fill, filled, templates_for
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.events import Event


def tell(event: Event) -> None:
    """Send what the templates of this event type say; unknown events say nothing."""
    for template in templates_for(event.type):
        recipient = event.data.get(RECIPIENTS[template.to])
        user = None if template.to == "person" else recipient
        person = recipient if template.to == "person" else None
        if template.to == "person" and person is None:
            user = event.data.get(RECIPIENTS["agent"])
        if person is None and user is None:
            continue
        source = f"{event.id}:{template.name}"
        send_message(
            Call.system("messages", key=source),
            title=filled(template.title, event.data),
            body=filled(template.body, event.data),
            kind=template.kind,
            link=fill(template.link, event.data),
            person_id=person,
            user_id=user,
            source=source,
            simulated=bool(event.data.get("simulated")),
        )


@events.subscribe("services.*", "messages.services")
def of_services(event: Event) -> None:
    """办件事件."""
    tell(event)


@events.subscribe("trust.*", "messages.trust")
def of_trust(event: Event) -> None:
    """证照事件."""
    tell(event)


@events.subscribe("command.*", "messages.command")
def of_command(event: Event) -> None:
    """指挥事件."""
    tell(event)
