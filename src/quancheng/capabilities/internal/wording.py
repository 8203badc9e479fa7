"""环节名称: the two-language names of the models' steps."""

from __future__ import annotations

from quancheng.capabilities.internal.spec import linked_services
from quancheng.core.text import Text

__all__ = ["role_text", "step_name"]

_STEPS = {
    "head": "Head of the unit signs",
    "supervisor": "Supervising department reviews",
    "hrss": "Human resources bureau decides",
    "correct": "Unit corrects",
    "review": "Assets commission reviews",
    "decide": "Assets commission decides",
    "again": "Enterprise corrects after the decision",
    "record": "Written into the dossier",
    "pack": "Result pack is made",
}


def step_name(element: str, name: str) -> Text:
    """A step of a model in both languages; a step nobody translated keeps its Chinese name."""
    services = linked_services()
    if element in services:
        return services[element].name.text
    if element.startswith("fix_") and element[4:] in services:
        service = services[element[4:]].name
        return Text(f"补正：{service.zh}", f"Correct: {service.en}")
    return Text(name or element, _STEPS.get(element, name or element))


def role_text(role: str) -> Text:
    """The name of a role, from the manifest."""
    from quancheng.capabilities.people import queries as people

    return people.known_roles().get(role, Text(role, role))
