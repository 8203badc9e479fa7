"""一件事的定义: the schema of a one-thing file.

A file names the questions, the items they choose, in which order, each fact asked once and where it
goes, who uses which of my data for what, and which papers are handed in once for several offices.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from quancheng.core import forms
from quancheng.core.forms import FormDefinition
from quancheng.core.text import Text

__all__ = ["Consent", "Fact", "Item", "Label", "Theme", "Upload", "digest_of", "read_theme"]

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")]


class Row(BaseModel):
    """A part of the file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(Row):
    """A text in both languages."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)

    def to_dict(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


class Option(Row):
    """A choice of a fact."""

    value: str
    text: Label


class Page(Row):
    """A page of facts (信息分页)."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    title: Label


class Fact(Row):
    """Something asked once, for however many items (信息项)."""

    key: Key
    label: Label
    page: str
    kind: Literal["text", "paragraph", "choice", "date", "number", "phone", "id_number"] = "text"
    hint: Label | None = None
    options: tuple[Option, ...] = ()
    required: bool = True
    max_length: int = 200
    past: bool = False
    sensitive: bool = False
    prefill: str = ""
    """A fact of the registers (``people.queries.prefill``)."""
    prefill_when: str = ""
    """FEEL over answers: whether that register fact is meant."""
    when: str = ""
    """FEEL over answers: whether it is asked at all."""


class Gives(Row):
    """A number the office gives with its result (结果赋码); ``resident_id`` as the police would, 模拟."""

    kind: Literal["resident_id"]
    birth_date: Key
    sex: Key


class Item(Row):
    """One matter of the one-thing (事项)."""

    key: Key
    matter: Code
    when: str = ""
    """FEEL over ``answers`` and ``applicant``; empty: always."""
    after: tuple[Key, ...] = ()
    fields: Annotated[dict[str, Key], Field(default_factory=dict)]
    """Field of the matter → fact."""
    answers: Annotated[dict[str, Key], Field(default_factory=dict)]
    """Field of the matter → question of the questionnaire."""
    results: Annotated[dict[str, str], Field(default_factory=dict)]
    """Field of the matter → ``item.what``: ``licence`` (its number), ``licence_code`` (without hyphens), a given number."""
    constants: Annotated[dict[str, Any], Field(default_factory=dict)]
    declared: tuple[str, ...] = ("truthful",)
    """Agreements of the matter covered by the one declaration of the check page."""
    gives: Annotated[dict[str, Gives], Field(default_factory=dict)]


class Consent(Row):
    """One department's use of some of my data for one purpose (授权); each is given apart."""

    key: Key
    department: Code
    items: tuple[Key, ...]
    data: Label
    purpose: Label
    without: Label
    """What happens when it is not given."""
    facts: tuple[Key, ...] = ()
    """Facts not fetched from registers without it."""
    results: tuple[Key, ...] = ()
    """Items whose results are not passed on to ``items`` without it."""
    uploads: Annotated[dict[Key, tuple[Key, ...]], Field(default_factory=dict)]
    """Without it these materials of an item are asked for when its turn comes."""


class Upload(Row):
    """A paper handed in once for several items (共用材料)."""

    key: Key
    name: Label
    how: Label
    to: Annotated[dict[Key, Key], Field(min_length=1)]
    """Item → material of its matter."""
    required: bool = True
    without: str = ""
    """Asked only when this consent was not given."""


class Theme(Row):
    """一件事."""

    code: Code
    name: Label
    summary: Label
    zone: Code
    icon: str = "list-check"
    keywords: tuple[str, ...] = ()
    applicant: Literal["person", "firm", "either"] = "person"
    simulated: bool = False
    order: int = 100
    duration: Label | None = None
    questions: dict[str, Any]
    """A form definition (``core.forms``): the questionnaire."""
    page: tuple[Page, ...]
    fact: tuple[Fact, ...]
    item: Annotated[tuple[Item, ...], Field(min_length=1)]
    consent: tuple[Consent, ...] = ()
    upload: tuple[Upload, ...] = ()
    spared: tuple[Label, ...] = ()
    """What one need not bring, for the guide."""
    basis: tuple[Label, ...] = ()

    @cached_property
    def questionnaire(self) -> FormDefinition:
        """The questions. Raises FormError."""
        return forms.read(json.dumps(self.questions, ensure_ascii=False))

    def of(self, key: str) -> Item:
        """An item by key; raises KeyError."""
        return self.items_by_key[key]

    @cached_property
    def items_by_key(self) -> Mapping[str, Item]:
        return {one.key: one for one in self.item}

    @cached_property
    def facts_by_key(self) -> Mapping[str, Fact]:
        return {one.key: one for one in self.fact}


def read_theme(content: Mapping[str, Any]) -> Theme:
    """The definition as a value. Raises ``pydantic.ValidationError``."""
    return Theme.model_validate(content)


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
