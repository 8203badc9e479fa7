"""事项定义: one matter as a frozen value, read strictly from its resource file.

The file follows the national elements of a government service (事项要素): who decides, in how many
working days, on which conditions, with which materials and how each is obtained, for which result.
Numbers that law may change are not written here: a file names the id of a dated parameter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from quancheng.capabilities.services.elements import (
    Code,
    Fee,
    Hall,
    Key,
    Label,
    Material,
    Result,
    Row,
    RuleId,
    Rung,
    Way,
)

__all__ = [
    "Code", "Condition", "Decider", "Faq", "Fee", "FieldSpec", "Hall", "Key", "Label", "LicenceItem", "LicenceTypeSpec",
    "Material", "MatterSpec", "Option", "Period", "Refusal", "Result", "Rung", "Way", "digest_of", "read_spec",
]  # fmt: skip


class Decider(Row):
    """Which office decides: a city department, or its bureau in the district concerned (实施机关)."""

    follows: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    level: Literal["city", "district"] = "city"


class Period(Row):
    """Working days, by ids of dated parameters (法定时限, 承诺时限)."""

    legal: RuleId
    promised: RuleId | None = None


class Condition(Row):
    """An acceptance condition: its words, its check and the rule it rests on (受理条件)."""

    id: Key
    text: Label
    check: Key
    options: Annotated[dict[str, Any], Field(default_factory=dict)]
    basis: Label
    early: bool = True
    """Can be judged before anything is filled in (shown on the guide)."""


class Option(Row):
    value: Annotated[str, Field(min_length=1, max_length=60)]
    text: Label


def _short(value: str) -> str:
    if len(value) > 60:
        raise ValueError("a prefill path is short")
    return value


class FieldSpec(Row):
    """A field of the application form (表单项)."""

    key: Key
    label: Label
    kind: Literal["text", "paragraph", "choice", "date", "number", "phone", "region", "agree"] = "text"
    required: bool = True
    hint: Label | None = None
    prefill: Annotated[str, AfterValidator(_short)] | None = None
    locked: bool = False
    """Taken from the register as it is; a wrong value is disputed there, not overwritten here."""
    sensitive: bool = False
    max_length: int = 100
    minimum: float | None = None
    maximum: float | None = None
    past: bool = False
    options: tuple[Option, ...] = ()

    @model_validator(mode="after")
    def _choices(self) -> FieldSpec:
        if (self.kind == "choice") != bool(self.options):
            raise ValueError(f"{self.key}: options belong to a choice and a choice needs options")
        if self.locked and not self.prefill:
            raise ValueError(f"{self.key}: a locked field needs a prefill")
        return self


class LicenceItem(Row):
    key: Key
    name: Label
    sensitive: bool = False


class LicenceTypeSpec(Row):
    """A type of licence this matter issues (证照类型), handed to the trust capability."""

    code: Code
    name: Label
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{2,6}$")]
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] = "#0a5cad"
    items: Annotated[tuple[LicenceItem, ...], Field(min_length=1)]
    several: bool = False
    """One holder may have several valid ones (a mother, one for each child)."""


class Faq(Row):
    q: Label
    a: Label


class Refusal(Row):
    """A ground on which a case may be refused (不予办理情形)."""

    id: Key
    text: Label
    basis: Label


class MatterSpec(Row):
    """事项 (G1)."""

    code: Code
    national_code: str = ""
    name: Label
    summary: Label
    kind: Literal[
        "licence", "confirmation", "benefit", "reward", "adjudication", "levy", "other", "public-service"
    ]
    """事项类型; names in ``elements.KINDS``."""
    basic_code: Annotated[str, Field(pattern=r"^(\d{5}[0-9A-Z]{7})?$")] = ""
    """基本编码: three digits of who keeps the list, two of the kind, seven of the item."""
    implementation_code: Annotated[str, Field(pattern=r"^([0-9A-Z]{18}[1-5]\d{5}[0-9A-Z]{7})?$")] = ""
    """实施编码: unified code of the office, level, basic code."""
    levels: tuple[Literal["nation", "province", "city", "district", "street", "community"], ...] = ()
    """行使层级."""
    handling: Literal["instant", "promised"] = "promised"
    """办件类型: 即办件 or 承诺件."""
    visits: Annotated[int, Field(ge=0, le=9)] = 0
    """到现场次数: how often the applicant must come in person."""
    halls: tuple[Hall, ...] = ()
    """四级大厅: where it can be handed in."""
    applicant: Literal["person", "firm", "either"] = "person"
    zones: Annotated[tuple[Code, ...], Field(min_length=1)]
    keywords: tuple[str, ...] = ()
    online: bool = True
    offline_note: Label | None = None
    order: int = 100
    simulated: bool = False
    department: Decider
    period: Period
    basis: Annotated[tuple[Label, ...], Field(min_length=1)]
    condition: tuple[Condition, ...] = ()
    material: tuple[Material, ...] = ()
    field: tuple[FieldSpec, ...] = ()
    refusal: tuple[Refusal, ...] = ()
    result: Result
    licence_type: tuple[LicenceTypeSpec, ...] = ()
    fee: Fee = Fee()
    faq: tuple[Faq, ...] = ()
    bulk: bool = False
    """Cases every check of which passed may be decided together; only where the law lets a rule decide (批量)."""
    bpmn: str = ""
    """The process as BPMN 2.0 XML; empty = the standard process (流程)."""
    dmn: str = ""
    """The decision tables as DMN XML (决策表)."""
    form_json: str = ""
    """The form definition as JSON; empty = made from ``field`` (表单)."""
    _kept: dict[str, Any] = PrivateAttr(default_factory=dict)
    """What was derived from this definition once (its form)."""

    @model_validator(mode="after")
    def _fits_together(self) -> MatterSpec:
        for rows in (self.condition, self.material, self.field):
            keys = [row.id if isinstance(row, Condition) else row.key for row in rows]
            if len(keys) != len(set(keys)):
                raise ValueError(f"{self.code}: a key is used twice: {sorted(keys)}")
        known = {row.key for row in self.field} | {row.key for row in self.material} | _asked(self.form_json)
        unknown = sorted(set(self.result.items.values()) - known)
        if unknown:
            raise ValueError(f"{self.code}: result.items names what the form does not have: {unknown}")
        if self.implementation_code and not self.implementation_code.endswith(self.basic_code or "?"):
            raise ValueError(f"{self.code}: the implementation code ends with the basic code")
        if len({one.level for one in self.halls}) != len(self.halls):
            raise ValueError(f"{self.code}: a level of halls is named twice")
        if not self.online and self.offline_note is None:
            raise ValueError(f"{self.code}: an offline matter says where to go (offline_note)")
        return self

    def grounds(self) -> tuple[Refusal, ...]:
        """All grounds of refusal: the matter's own and one for each unmet condition."""
        unmet = tuple(
            Refusal(
                id=row.id,
                text=Label(zh=f"不符合条件：{row.text.zh}", en=f"Condition not met: {row.text.en}"),
                basis=row.basis,
            )
            for row in self.condition
        )
        return unmet + self.refusal

    def field_of(self, key: str) -> FieldSpec | None:
        return next((row for row in self.field if row.key == key), None)

    def once(self, name: str, make: Callable[[MatterSpec], Any]) -> Any:
        """Something derived from this definition, made at the first call."""
        if name not in self._kept:
            self._kept[name] = make(self)
        return self._kept[name]

    @property
    def uploads(self) -> tuple[Material, ...]:
        """Materials that may be handed in as a file; required only where no rung above spares it."""
        return tuple(
            row if row.source == "upload" else row.model_copy(update={"required": False})
            for row in self.material
            if row.upload is not None
        )


def _asked(form_json: str) -> set[str]:
    """Top-level fields of a form file; one that cannot be read is the form check's affair."""
    try:
        return set(json.loads(form_json)["schema"]["properties"]) if form_json else set()
    except (ValueError, KeyError, TypeError):
        return set()


def read_spec(data: Mapping[str, Any]) -> MatterSpec:
    """Read a parsed file; raises ``pydantic.ValidationError`` naming each wrong key."""
    return MatterSpec.model_validate(dict(data))


def digest_of(content: Mapping[str, Any]) -> str:
    """Fingerprint of a definition: the same content is the same version."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
