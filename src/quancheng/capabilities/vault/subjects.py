"""对象: whom a recipient means, found without letting it know whether somebody was found.

Modules above may offer a room ``vault_subjects.py`` with ``person_of(code: str) -> int | None`` (the citizen
code's subjects, say); this module asks for it by name and imports nobody.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

from quancheng.capabilities.people import queries as people
from quancheng.core.identity import IdentityNumberError, parse_resident_id
from quancheng.core.text import Text
from quancheng.kernel import clock, registry
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound

_ROOM = "vault_subjects"


def find(said: Any, *, asker: str, purpose: str) -> tuple[str, int | None]:
    """What to commit to, and the person, None when nobody fits. Raises InvalidInput for a malformed subject."""
    match said:
        case {"id_number": str(number), "name": str(name)} if len(said) == 2 and name.strip():
            return _numbered(number, name.strip(), asker, purpose)
        case {"code": str(code)} if len(said) == 1 and 0 < len(code) <= 300:
            return code, _coded(code)
    wrong = Text("对象应为 {id_number, name} 或 {code}。", "The subject is {id_number, name} or {code}.")
    raise InvalidInput(wrong, fields={"subject": wrong})


def _numbered(number: str, name: str, asker: str, purpose: str) -> tuple[str, int | None]:
    try:
        parsed = parse_resident_id(number, on=clock.today()).number
    except IdentityNumberError as fault:
        raise InvalidInput(fault.text, fields={"subject": fault.text}) from fault
    try:
        found = people.person_by_id_number(Actor.system("vault"), parsed, purpose=f"{asker}：{purpose}")
    except NotFound:
        return parsed, None
    return parsed, found.pk if found.name == name and found.alive else None


def _coded(code: str) -> int | None:
    for finder in _finders():
        found: int | None = finder(code)
        if found is not None:
            return found
    return None


def _finders() -> list[Any]:
    rooms = (f"{one.dotted}.{_ROOM}" for one in registry.modules())
    return [importlib.import_module(name).person_of for name in rooms if importlib.util.find_spec(name)]


def offers() -> Mapping[str, bool]:
    """Ways of naming a person that work here."""
    return {"id_number": True, "code": bool(_finders())}
