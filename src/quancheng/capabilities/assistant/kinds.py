"""证照类型模板: what each type of licence says, as data of ``resources/types.toml``."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

from quancheng.core.text import Text

__all__ = ["FieldSpec", "TypeSpec", "expected_types", "is_ignored", "kind", "kinds"]

FieldKind = Literal["text", "name", "uscc", "resident", "disability", "date", "period", "number"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(_Row):
    """Two languages."""

    zh: str
    en: str

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class FieldSpec(_Row):
    """One field of a type: how it is found on the page and what it is compared with."""

    key: str
    name: Names
    kind: FieldKind = "text"
    labels: tuple[str, ...] = ()
    """Printed words before the value; any of them."""
    pattern: str = ""
    """What a value looks like; with ``find`` it is searched in the whole text, group 1 or all."""
    find: bool = False
    multi: bool = False
    """The value may go on in the lines below."""
    inline: bool = False
    optional: bool = False
    """Often not printed; its absence says nothing."""
    marker: bool = False
    """The label stands for the seal beside it; no value is expected."""
    sensitive: bool = False
    compare: str = ""
    """Fact of the register it must agree with (a field of ``judging.Subject``)."""
    person: bool = False
    """Names a person who may be the applicant (parents on a birth certificate)."""
    answers: tuple[str, ...] = ()
    """Keys of the form's answers it must agree with, where the form asks them."""
    ends: bool = False
    """The document's validity ends then."""
    licence: bool = False
    """The number under which the base of licences knows it."""


class TypeSpec(_Row):
    """One type of licence (证照类型)."""

    code: str
    name: Names
    titles: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    holder: Literal["firm", "person", "parent", "none"]
    seal: bool
    issuers: tuple[str, ...] = ()
    """Ends of names of offices that issue it."""
    fields: tuple[FieldSpec, ...]

    def field(self, key: str) -> FieldSpec:
        """One field; raises KeyError."""
        found = next((one for one in self.fields if one.key == key), None)
        if found is None:
            raise KeyError(key)
        return found


@lru_cache(maxsize=1)
def _content() -> tuple[tuple[TypeSpec, ...], tuple[str, ...]]:
    raw = resources.files(__package__).joinpath("resources/types.toml").read_text("utf-8")
    data = tomllib.loads(raw)
    types = tuple(TypeSpec.model_validate(one) for one in data["type"])
    ignored = tuple(word for row in data.get("ignored", []) for word in row["materials"])
    return types, ignored


def kinds() -> tuple[TypeSpec, ...]:
    """All types."""
    return _content()[0]


def kind(code: str) -> TypeSpec | None:
    """One type by code."""
    return next((one for one in kinds() if one.code == code), None)


def expected_types(material: str) -> tuple[str, ...]:
    """Types a material of this (Chinese) name may be, empty when its name says nothing."""
    if "双方" in material or "国徽面" in material:
        return tuple(one.code for one in kinds() if one.code.startswith("id-card"))
    return tuple(one.code for one in kinds() if any(word in material for word in one.materials))


def is_ignored(material: str) -> bool:
    """Whether a material is a picture without text worth reading (portrait, floor plan)."""
    bare = re.sub(r"[（(].*?[)）]", "", material)
    if expected_types(bare):
        return False
    return any(re.search(word, bare) for word in _content()[1])
