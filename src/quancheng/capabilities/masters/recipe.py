"""配方: what a master is made of, read from ``resources/masters``: fields, comparisons, blocks, first rules.

Pure but for reading the release's own files once. Nothing here knows a row.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from quancheng.core.identity import is_resident_id, is_uscc
from quancheng.core.linkage import (
    BlockingRule,
    Comparison,
    FieldRule,
    Form,
    LevelWeights,
    Model,
    Strategy,
    address,
    chinese_name,
    date_of,
    exact,
    forms,
    phone,
    resident_id,
    words,
)
from quancheng.core.text import Text

FOLDER = Path(__file__).parent / "resources"
CODES = ("population", "legal", "space", "licence", "credit")


class Linkage(StrEnum):
    """How records find each other (关联方式)."""

    MODEL = "model"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """字段: ``level`` of classification 1–4; ``strategies`` the first rule of survivorship."""

    name: str
    text: Text
    kind: str
    level: int
    strategies: tuple[Strategy, ...]
    choices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recipe:
    """基础库配方. ``key`` finds a record, ``label`` names it in lists, ``about`` names the person or firm it speaks of,
    ``proof`` how a key shows that it is sound: two sound keys that differ are two things (resident_id, uscc or none)."""

    code: str
    text: Text
    owner: str
    order: int
    personal: bool
    key: str
    label: str
    about: str
    proof: str
    linkage: Linkage
    fields: tuple[FieldSpec, ...]
    comparisons: tuple[Comparison, ...]
    blocks: tuple[BlockingRule, ...]
    rules_from: date
    rules_reason: str
    dependent: tuple[str, ...] = ()
    """Compared fields that are one witness, as a number and the date of birth inside it."""

    def field(self, name: str) -> FieldSpec | None:
        """A field by name."""
        return next((one for one in self.fields if one.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields in order."""
        return tuple(one.name for one in self.fields)

    @property
    def compared(self) -> tuple[str, ...]:
        """Fields that linkage looks at."""
        found = {one.field for one in self.comparisons} | {name for one in self.blocks for name in one.fields}
        return tuple(name for name in self.names if name in found or name == self.key)

    @property
    def digest(self) -> str:
        """Changes when a model learned before no longer fits."""
        said = [[one.name, one.field, [step.label.zh for step in one.steps]] for one in self.comparisons]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


@cache
def variants() -> dict[str, str]:
    """异体字归并: variant character to standard one."""
    found: dict[str, str] = tomllib.loads((FOLDER / "variants.toml").read_text("utf-8"))["variants"]
    return found


def _forms() -> dict[str, Form]:
    return {
        "plain": forms.PLAIN,
        "id": forms.RESIDENT_ID,
        "phone": forms.PHONE,
        "date": forms.DATE,
        "address": forms.ADDRESS,
        "name": forms.name_folded(variants()),
    }


def key_form(kind: str) -> Form:
    """How a key of a field's kind is written before it is looked up or compared."""
    return _forms().get(kind, forms.PLAIN)


_COMPARISONS: Mapping[str, Callable[[str, Text], Comparison]] = {
    "resident_id": lambda field, text: resident_id(field, text),
    "chinese_name": lambda field, text: chinese_name(
        field, text, folded=_forms()["name"], given=forms.given_name()
    ),
    "date": lambda field, text: date_of(field, text),
    "phone": lambda field, text: phone(field, text),
    "address": lambda field, text: address(field, text),
    "words": lambda field, text: words(field, text, field, 0.92, 0.8),
    "code": lambda field, text: exact(field, text, field, owned=True),
}


@cache
def recipes() -> dict[str, Recipe]:
    """Every master of the release by code."""
    return {
        code: read(tomllib.loads((FOLDER / "masters" / f"{code}.toml").read_text("utf-8"))) for code in CODES
    }


def recipe(code: str) -> Recipe:
    """One master's recipe; KeyError for an unknown code, which only a programming fault gives."""
    return recipes()[code]


def read(said: Mapping[str, Any]) -> Recipe:
    """A recipe from its file."""
    fields = tuple(
        FieldSpec(
            one["name"],
            Text(one["zh"], one["en"]),
            one["kind"],
            int(one["level"]),
            tuple(Strategy(name) for name in one["strategies"]),
            one.get("choices", {}),
        )
        for one in said["field"]
    )
    labels = {one.name: one.text for one in fields}
    known = _forms()
    return Recipe(
        said["code"],
        Text(said["zh"], said["en"]),
        said["owner"],
        int(said["order"]),
        bool(said["personal"]),
        said["key"],
        said["label"],
        said.get("about", ""),
        said.get("proof", ""),
        Linkage(said["linkage"]),
        fields,
        tuple(
            _COMPARISONS[one["kind"]](one["field"], labels[one["field"]])
            for one in said.get("comparison", ())
        ),
        tuple(
            BlockingRule(one["name"], tuple((field, known[form]) for field, form in one["keys"]))
            for one in said.get("block", ())
        ),
        said["rules"]["valid_from"],
        said["rules"]["reason"],
        tuple(said.get("dependent", ())),
    )


def sound_key(made: Recipe, said: str | None) -> str | None:
    """The key in its compared form if it passes its own check, else nothing."""
    if not said:
        return None
    match made.proof:
        case "resident_id":
            number = forms.RESIDENT_ID.make(said) or ""
            return number if is_resident_id(number) else None
        case "uscc":
            return said.strip().upper() if is_uscc(said.strip().upper()) else None
    return None


def subject_key(said: str) -> str:
    """The number of a person or firm as their own record keeps it, so that licences and credit find them."""
    if not said:
        return ""
    number = forms.RESIDENT_ID.make(said) or ""
    return number if is_resident_id(number) else forms.PLAIN.make(said) or ""


def first_rules(made: Recipe, trust: tuple[str, ...]) -> tuple[FieldRule, ...]:
    """The release's rules of survivorship over sources from most to least trusted."""
    return tuple(FieldRule(one.name, one.strategies, trust or ("-",)) for one in made.fields)


def model_from(made: Recipe, weights: list[dict[str, Any]], prior: float) -> Model:
    """A stored model over this recipe's comparisons."""
    levels = tuple(
        LevelWeights(tuple(one["m"]), tuple(one["u"]), bool(one.get("learned", True))) for one in weights
    )
    return Model(made.comparisons, levels, prior)


def model_to(model: Model) -> list[dict[str, Any]]:
    """Weights as plain data."""
    return [{"m": list(one.m), "u": list(one.u), "learned": one.learned} for one in model.weights]
