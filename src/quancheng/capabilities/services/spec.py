"""事项定义: one matter as a frozen value, read strictly from its resource file.

The file follows the national elements of a government service (事项要素): who decides, in how many
working days, on which conditions, with which materials and how each is obtained, for which result.
Numbers that law may change are not written here: a file names the id of a dated parameter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from quancheng.core.text import Text

__all__ = ["MatterSpec", "digest_of", "read_spec"]

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Label(_Row):
    """A text in two languages (双语)."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)

    def pick(self, language: str) -> str:
        """So that ``|t`` and ``Text`` readers can show it as it is."""
        return self.text.pick(language)

    def to_dict(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


class Decider(_Row):
    """Which office decides: a city department, or its bureau in the district concerned (实施机关)."""

    follows: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    level: Literal["city", "district"] = "city"


class Period(_Row):
    """Working days, by ids of dated parameters (法定时限, 承诺时限)."""

    legal: RuleId
    promised: RuleId | None = None


class Condition(_Row):
    """An acceptance condition: its words, its check and the rule it rests on (受理条件)."""

    id: Key
    text: Label
    check: Key
    options: Annotated[dict[str, Any], Field(default_factory=dict)]
    basis: Label
    early: bool = True
    """Can be judged before anything is filled in (shown on the guide)."""


class Material(_Row):
    """A material and how it is obtained (申请材料, 取得方式)."""

    key: Key
    name: Label
    source: Literal["query", "upload", "promise", "dropped"]
    how: Label
    required: bool = True
    limits: RuleId | None = None


class Option(_Row):
    value: Annotated[str, Field(min_length=1, max_length=60)]
    text: Label


def _short(value: str) -> str:
    if len(value) > 60:
        raise ValueError("a prefill path is short")
    return value


class FieldSpec(_Row):
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


class Result(_Row):
    """What the applicant gets (办理结果)."""

    licence: Code | None = None
    name: Label
    validity_years: RuleId | None = None
    items: Annotated[dict[str, str], Field(default_factory=dict)]
    """Licence item → form field or material key (``photo`` gives the image's hash)."""


class LicenceItem(_Row):
    key: Key
    name: Label
    sensitive: bool = False


class LicenceTypeSpec(_Row):
    """A type of licence this matter issues (证照类型), handed to the trust capability."""

    code: Code
    name: Label
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{2,6}$")]
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] = "#0a5cad"
    items: Annotated[tuple[LicenceItem, ...], Field(min_length=1)]


class Faq(_Row):
    q: Label
    a: Label


class Refusal(_Row):
    """A ground on which a case may be refused (不予办理情形)."""

    id: Key
    text: Label
    basis: Label


class Fee(_Row):
    free: bool = True
    text: Label = Label(zh="不收费", en="Free of charge")


class MatterSpec(_Row):
    """事项 (G1)."""

    code: Code
    national_code: str = ""
    name: Label
    summary: Label
    kind: Literal["licence", "confirmation", "public-service", "other"]
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
    bpmn: str = ""
    """The process as BPMN 2.0 XML; empty = the standard process (流程)."""
    dmn: str = ""
    """The decision tables as DMN XML (决策表)."""
    form_json: str = ""
    """The form definition as JSON; empty = made from ``field`` (表单)."""

    @model_validator(mode="after")
    def _fits_together(self) -> MatterSpec:
        for rows in (self.condition, self.material, self.field):
            keys = [getattr(row, "id", None) or row.key for row in rows]  # type: ignore[attr-defined]
            if len(keys) != len(set(keys)):
                raise ValueError(f"{self.code}: a key is used twice: {sorted(keys)}")
        known = {row.key for row in self.field} | {row.key for row in self.material}
        unknown = sorted(set(self.result.items.values()) - known)
        if unknown:
            raise ValueError(f"{self.code}: result.items names what the form does not have: {unknown}")
        if not self.online and self.offline_note is None:
            raise ValueError(f"{self.code}: an offline matter says where to go (offline_note)")
        return self

    def grounds(self) -> tuple[Refusal, ...]:
        """All grounds of refusal: the matter's own and one for each unmet condition."""
        unmet = tuple(
            Refusal(
                id=row.id,
                text=Label(zh=f"不符合条件:{row.text.zh}", en=f"Condition not met: {row.text.en}"),
                basis=row.basis,
            )
            for row in self.condition
        )
        return unmet + self.refusal

    def field_of(self, key: str) -> FieldSpec | None:
        return next((row for row in self.field if row.key == key), None)

    @property
    def uploads(self) -> tuple[Material, ...]:
        return tuple(row for row in self.material if row.source == "upload")


def read_spec(data: Mapping[str, Any]) -> MatterSpec:
    """Read a parsed file; raises ``pydantic.ValidationError`` naming each wrong key."""
    return MatterSpec.model_validate(dict(data))


def digest_of(content: Mapping[str, Any]) -> str:
    """Fingerprint of a definition: the same content is the same version."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
