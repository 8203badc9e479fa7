"""Names of those who act, as others read them."""

from __future__ import annotations

from quancheng.core.text import Text
from quancheng.kernel import registry

CITIZEN = "市民"
_SEATS = {
    "commander": Text("指挥长席(自动)", "Commander's seat (automatic)"),
    "duty": Text("值班席(自动)", "Duty seat (automatic)"),
    "responder": Text("处置席(自动)", "Responder's seat (automatic)"),
}


def _module(name: str) -> Text:
    try:
        said = registry.module(name).text
    except LookupError:  # a module that is no longer installed
        said = Text(name, name)
    return Text(f"平台（{said.zh}）", f"Platform ({said.en})")


def who(actor: str) -> Text:
    """The name kept in the log, in both languages."""
    if actor == CITIZEN:
        return Text(CITIZEN, "Citizen")
    kind, _, name = actor.partition(":")
    if kind == "system":
        return _module(name)
    if kind == "seat":
        role = "responder" if name.startswith("unit:") else name.rpartition(":")[2]
        return _SEATS.get(role, Text(f"席位 {name}", f"Seat {name}"))
    return Text(actor, actor)
