"""表单定义: a form as a frozen value. Paths are dotted: ``child.name`` in a definition,
``child.0.name`` for one item of a repeating group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from quancheng.core.text import Text

__all__ = ["Field", "FormDefinition", "Kind", "Limits", "Option", "Page", "Rule", "RuleKind"]


class Kind(StrEnum):
    """What a field asks for (字段类型)."""

    TEXT = "text"
    PARAGRAPH = "paragraph"
    CHOICE = "choice"
    MULTI = "multi-choice"
    DATE = "date"
    NUMBER = "number"
    PHONE = "phone"
    REGION = "region"
    ID_NUMBER = "id_number"
    AGREE = "agree"
    FILE = "file"
    SIGNATURE = "signature"
    COSIGNER = "cosigner"
    GROUP = "group"
    REPEAT = "repeat"

    @property
    def written(self) -> bool:
        """One line or paragraph of text that is typed."""
        return self in {Kind.TEXT, Kind.PARAGRAPH, Kind.PHONE, Kind.ID_NUMBER}

    @property
    def outside(self) -> bool:
        """Kept beside the answers: uploads, signatures, other people."""
        return self in {Kind.FILE, Kind.SIGNATURE, Kind.COSIGNER}


class RuleKind(StrEnum):
    """What a rule decides (规则类型)."""

    VISIBLE = "visible"
    REQUIRED = "required"
    VALUE = "value"
    VALID = "valid"
    OPTIONS = "options"


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes beyond which nothing is read (规模上限)."""

    text: int = 1_000_000
    nodes: int = 20_000
    depth: int = 4
    fields: int = 500
    rules: int = 1_000
    items: int = 200
    """Items of one repeating group."""
    written: int = 20_000
    """Characters of one answer."""
    answers: int = 20_000
    """Values in all answers together."""


@dataclass(frozen=True, slots=True)
class Option:
    """A choice (选项)."""

    value: str
    text: Text


@dataclass(frozen=True, slots=True)
class Field:
    """A field (表单项); groups hold ``children``."""

    key: str
    path: str
    kind: Kind
    label: Text
    schema: Mapping[str, Any]
    required: bool = False
    hint: Text | None = None
    options: tuple[Option, ...] = ()
    children: tuple[Field, ...] = ()
    prefill: str = ""
    locked: bool = False
    sensitive: bool = False
    past: bool = False
    autocomplete: str = ""
    accept: tuple[str, ...] = ()
    """Media types of a file field."""
    max_bytes: int = 0
    """0 = the limit of the house."""
    least: int = 0
    most: int = 1
    """How many files or items."""
    labelled: bool = True

    def child(self, key: str) -> Field | None:
        return next((one for one in self.children if one.key == key), None)

    @property
    def max_length(self) -> int:
        """Characters of a written answer."""
        given = self.schema.get("maxLength")
        if isinstance(given, int):
            return given
        return 2000 if self.kind is Kind.PARAGRAPH else 200


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the form (分页)."""

    key: str
    title: Text
    fields: tuple[str, ...]
    visible: str = ""
    """FEEL; empty = always."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A FEEL rule about a field (规则)."""

    target: str
    kind: RuleKind
    feel: str
    message: Text | None = None
    place: str = ""


@dataclass(frozen=True, eq=False)
class FormDefinition:
    """表单: fields, pages and rules; made by :func:`quancheng.core.forms.read`."""

    fields: tuple[Field, ...]
    pages: tuple[Page, ...]
    rules: tuple[Rule, ...]
    schema: Mapping[str, Any]
    source: Mapping[str, Any]
    by_path: Mapping[str, Field] = field(default_factory=dict)
    ui: Mapping[str, Any] = field(default_factory=dict)

    def walk(self) -> Iterator[Field]:
        """All fields, groups before their children."""
        yield from self.by_path.values()

    def page(self, key: str) -> Page | None:
        return next((one for one in self.pages if one.key == key), None)

    def page_of(self, key: str) -> Page | None:
        """The page a top-level field stands on."""
        return next((one for one in self.pages if key in one.fields), None)

    def rules_of(self, path: str, kind: RuleKind) -> tuple[Rule, ...]:
        return tuple(one for one in self.rules if one.target == path and one.kind is kind)

    def of(self, instance: str) -> Field | None:
        """The field of an answer's path: ``child.0.name`` → the field ``child.name``."""
        return self.by_path.get(".".join(part for part in instance.split(".") if not part.isdecimal()))
