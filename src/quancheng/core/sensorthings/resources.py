"""资源路径: ``Things(1)/Datastreams(2)/Observations/$ref`` as a value (OGC 18-088 § 9.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from quancheng.core.sensorthings.faults import NoSuchAddress
from quancheng.core.sensorthings.model import BY_NAME, BY_PLURAL, EntityType

_PART = re.compile(r"(?P<name>[A-Za-z_$@][\w.$@-]*)(?:\((?P<id>[^()]*)\))?")
MAXIMUM_ID = 2**53
MAXIMUM_PARTS = 40


class Form(StrEnum):
    """What an address names."""

    SET = "set"
    ENTITY = "entity"
    REF = "ref"
    """``$ref``: only the links of a set or entity."""
    PROPERTY = "property"
    VALUE = "value"
    """``$value``: a property's bare value."""


@dataclass(frozen=True, slots=True)
class Step:
    """One part: an entity set or relation, with the id in brackets if there is one."""

    name: str
    type: EntityType
    many: bool
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A parsed address: steps from the first entity set on, and what of the last is wanted."""

    steps: tuple[Step, ...]
    form: Form
    inside: tuple[str, ...] = ()

    @property
    def type(self) -> EntityType:
        """The entity type at the end."""
        return self.steps[-1].type

    @property
    def is_set(self) -> bool:
        """Whether the last step leads to many."""
        return self.steps[-1].many and self.steps[-1].id is None


def parse_resource(path: str) -> Resource:
    """The resource of a path below the service root. Raises NoSuchAddress."""
    parts = [part for part in path.strip("/").split("/") if part]
    if not parts or len(parts) > MAXIMUM_PARTS:
        raise NoSuchAddress(path)
    name, number = _part(parts[0], path)
    if name not in BY_PLURAL:
        raise NoSuchAddress(path)
    steps = [Step(name, BY_PLURAL[name], True, number)]
    for place, part in enumerate(parts[1:], start=1):
        if part == "$ref" and place == len(parts) - 1:
            return Resource(tuple(steps), Form.REF)
        here = steps[-1]
        if here.many and here.id is None:
            raise NoSuchAddress(path)
        if part.partition("(")[0] not in here.type.links:
            return _property(steps, parts[place:], path)
        name, number = _part(part, path)
        link = here.type.links[name]
        if number is not None and not link.many:
            raise NoSuchAddress(path)
        steps.append(Step(name, BY_NAME[link.target], link.many, number))
    last = steps[-1]
    return Resource(tuple(steps), Form.SET if last.many and last.id is None else Form.ENTITY)


def _part(part: str, path: str) -> tuple[str, int | None]:
    found = _PART.fullmatch(part)
    if found is None:
        raise NoSuchAddress(path)
    raw = found.group("id")
    if raw is None:
        return found.group("name"), None
    text = raw.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or int(text) >= MAXIMUM_ID:
        raise NoSuchAddress(path)
    return found.group("name"), int(text)


def _property(steps: list[Step], rest: list[str], path: str) -> Resource:
    form = Form.PROPERTY
    if rest[-1] == "$value" and len(rest) > 1:
        form, rest = Form.VALUE, rest[:-1]
    known = rest[0] in steps[-1].type.by_name or rest[0] in ("id", "@iot.id", "@iot.selfLink", "selfLink")
    if not known:
        raise NoSuchAddress(path)
    return Resource(tuple(steps), form, tuple(rest))
