"""事项定义: one internal item as a frozen value, read strictly from its resource file."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from quancheng.core.text import Text

__all__ = [
    "DossierKey", "FieldSpec", "ItemSpec", "LinkedService", "digest_of", "dossier_keys", "files", "linked_services",
    "read_spec",
]  # fmt: skip

RESOURCES = Path(__file__).with_name("resources")
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, populate_by_name=True)


class Label(_Row):
    """A text in two languages (双语)."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)

    def pick(self, language: str) -> str:
        """The text in a language."""
        return self.text.pick(language)


class Option(Label):
    """A choice."""

    value: str


class DossierKey(_Row):
    """A fact a dossier may hold (档案条目)."""

    key: Key
    label: Label
    kind: Literal["text", "date", "choice", "number"] = "text"
    options: tuple[Option, ...] = ()
    sensitive: bool = False

    def shown(self, value: Any) -> Text:
        """The value as people read it."""
        option = next((one for one in self.options if one.value == value), None)
        return option.text if option else Text.of(str(value))


class LinkedService(_Row):
    """One of the linked services (联办业务)."""

    code: Key
    name: Label
    done: Label


class FieldSpec(_Row):
    """What an item asks, and where the answer is taken from when it is known already."""

    key: Key
    label: Label
    kind: Literal["text", "paragraph", "choice", "date", "number", "percent", "year", "phone", "id_number"]
    required: bool = True
    options: tuple[Option, ...] = ()
    hint: Label | None = None
    source: Annotated[str, Field(alias="from")] = ""
    """A key of the dossier, or the name of a computation (``retirement.statutory``)."""
    default: str = ""

    def shown(self, value: Any) -> Text:
        """The value as people read it."""
        option = next((one for one in self.options if one.value == value), None)
        return option.text if option else Text.of(str(value))


class EntrySpec(_Row):
    """What the decision writes into the dossier (记入档案)."""

    key: Key
    field: Key | None = None
    value: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> EntrySpec:
        if (self.field is None) == (self.value is None):
            raise ValueError(f"entry {self.key}: either field or value")
        return self


class NoticeSpec(_Row):
    """A document of the result pack (结果文书)."""

    kind: Key
    title: Label
    text: Label
    issuer: str


class ItemSpec(_Row):
    """An item of internal handling (机关内部事项)."""

    code: Code
    group: Literal["personnel", "enterprise"]
    order: int
    name: Label
    summary: Label
    needs: Literal["active", "none"]
    """``active``: it is about an existing dossier; ``none``: it opens one."""
    model: str
    period: RuleId
    effective: Key
    """The field whose day the dossier's entries hold from."""
    facts: tuple[Key, ...] = ()
    basis: tuple[Label, ...] = ()
    field: tuple[FieldSpec, ...]
    entry: tuple[EntrySpec, ...]
    notice: tuple[NoticeSpec, ...]

    @model_validator(mode="after")
    def _known(self) -> ItemSpec:
        asked = {row.key for row in self.field}
        known = {row.key for row in dossier_keys()}
        wrong = [row.field for row in self.entry if row.field and row.field not in asked]
        wrong += [key for key in (*self.facts, *(row.key for row in self.entry)) if key not in known]
        wrong += [] if self.effective in asked else [self.effective]
        if wrong:
            raise ValueError(f"{self.code}: unknown keys {sorted(set(filter(None, wrong)))}")
        return self

    @property
    def ends_service(self) -> bool:
        """Whether the decision changes the status of the dossier."""
        return any(row.key == "status" for row in self.entry)


def read_spec(content: Mapping[str, Any]) -> ItemSpec:
    """The definition of an item; raises pydantic.ValidationError naming what is wrong."""
    return ItemSpec.model_validate(content)


def digest_of(content: Mapping[str, Any], bpmn: str) -> str:
    """SHA-256 of a definition with its model: the same content is the same version."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False) + bpmn
    return hashlib.sha256(text.encode()).hexdigest()


def files() -> list[tuple[ItemSpec, str]]:
    """The definitions that ship with the module, with the text of their models, in order."""
    found = []
    for path in sorted((RESOURCES / "items").glob("*.toml")):
        spec = read_spec(tomllib.loads(path.read_text(encoding="utf-8")))
        found.append((spec, (RESOURCES / "models" / spec.model).read_text(encoding="utf-8")))
    return sorted(found, key=lambda pair: pair[0].order)


@cache
def dossier_keys() -> tuple[DossierKey, ...]:
    """Facts a dossier may hold, in the order they are shown."""
    rows = tomllib.loads((RESOURCES / "dossier.toml").read_text(encoding="utf-8"))["key"]
    return tuple(DossierKey.model_validate(row) for row in rows)


@cache
def linked_services() -> dict[str, LinkedService]:
    """The linked services by code."""
    rows = tomllib.loads((RESOURCES / "services.toml").read_text(encoding="utf-8"))["service"]
    return {row["code"]: LinkedService.model_validate(row) for row in rows}
