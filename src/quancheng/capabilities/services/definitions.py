"""事项的表单: every matter has one form definition, written as a form file or made of its ``[[field]]`` rows.

An upload belongs to a material: the file field ``photo`` or ``file_photo`` brings the material ``photo``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from quancheng.capabilities.services.spec import FieldSpec, Material, MatterSpec
from quancheng.core import forms
from quancheng.core.forms import Field, FormDefinition, Kind, Problem
from quancheng.core.text import Text
from quancheng.kernel.errors import Conflict

if TYPE_CHECKING:
    from quancheng.capabilities.services.models import Matter

__all__ = [
    "accepted",
    "definition_of",
    "field_name",
    "form_problems",
    "locked_keys",
    "material_of",
    "open_fields",
    "sign_key",
    "spec_of",
]

PICTURES = ("image/jpeg", "image/png")
DOCUMENTS = (*PICTURES, "application/pdf")
FILE = "file_"
SIGN = "sign_"


def spec_of(matter: Matter) -> MatterSpec:
    """The published definition of a matter. Raises Conflict when there is none."""
    if matter.current is None:
        raise Conflict(Text("该事项尚未发布。", "This matter is not published."))
    return matter.current.spec


def definition_of(spec: MatterSpec) -> FormDefinition:
    """The form of a matter (事项的表单). Raises FormError when its form file cannot be read."""
    found: FormDefinition = spec.once("form", _made)
    return found


def _made(spec: MatterSpec) -> FormDefinition:
    text = getattr(spec, "form_json", "")
    source = json.loads(text) if text else _converted(spec)
    if not source["schema"].get("properties"):
        source = _nothing_to_ask()
    return _read(json.dumps(_with_uploads(spec, source), ensure_ascii=False))


@lru_cache(maxsize=512)
def _read(text: str) -> FormDefinition:
    return forms.read(text)


def form_problems(spec: MatterSpec) -> list[Problem]:
    """What is wrong with a matter's form, and with how it fits the matter (发布前检查)."""
    try:
        definition = definition_of(spec)
    except forms.FormError as wrong:
        return [Problem(wrong.path, wrong.text)]
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        return [Problem("", Text(f"表单文件读不了：{wrong}", f"The form file cannot be read: {wrong}"))]
    found = forms.check(definition)
    uploads = {row.key for row in spec.uploads}
    for field in definition.fields:
        if field.kind is Kind.FILE and material_of(field) not in uploads:
            key = material_of(field)
            found.append(
                Problem(
                    field.path,
                    Text(f"事项没有要上传的材料“{key}”。", f"The matter has no material “{key}” to upload."),
                )
            )
        if field.kind is Kind.SIGNATURE and len(field.key) > 35:
            found.append(Problem(field.path, Text("签名字段名最多35个字符。", "At most 35 characters.")))
    return found


def material_of(field: Field) -> str:
    """The material a file field brings."""
    return field.key.removeprefix(FILE)


def accepted(spec: MatterSpec, material: str) -> tuple[str, ...]:
    """Media types taken for a material; pictures when the form says nothing."""
    for field in definition_of(spec).fields:
        if field.kind is Kind.FILE and material_of(field) == material:
            return field.accept or PICTURES
    return PICTURES


def sign_key(field: Field) -> str:
    """Under which material key a signature is kept."""
    return f"{SIGN}{field.key}"


def field_name(field: Field) -> str:
    """How a top-level field is called in pages and error messages."""
    return f"{FILE}{material_of(field)}" if field.kind is Kind.FILE else field.key


def locked_keys(definition: FormDefinition) -> frozenset[str]:
    """Fields taken from the registers as they are."""
    return frozenset(field.key for field in definition.fields if field.locked)


def open_fields(definition: FormDefinition) -> tuple[Field, ...]:
    """Fields a person fills in, in the order of the pages."""
    order = {key: n for n, key in enumerate(key for page in definition.pages for key in page.fields)}
    found = [field for field in definition.fields if not field.locked]
    return tuple(sorted(found, key=lambda field: order.get(field.key, 999)))


# -- from the rows of a matter file -------------------------------------------------------------------
def _converted(spec: MatterSpec) -> dict[str, Any]:
    """``[[field]]`` rows as a form file; agreements come last, after the uploads."""
    rows = sorted(spec.field, key=lambda row: row.kind == "agree")
    return {
        "schema": {
            "type": "object",
            "properties": {row.key: _schema(row) for row in rows},
            "required": [row.key for row in rows if row.required],
        },
        "ui": {row.key: _ui(row) for row in rows},
    }


def _schema(row: FieldSpec) -> dict[str, Any]:
    match row.kind:
        case "choice":
            return {"type": "string", "enum": [one.value for one in row.options]}
        case "date":
            return {"type": "string", "format": "date"}
        case "number":
            limits = {"minimum": row.minimum, "maximum": row.maximum}
            return {"type": "number", **{key: _whole(one) for key, one in limits.items() if one is not None}}
        case "agree":
            return {"type": "boolean"}
        case "region" | "phone":
            return {"type": "string", "maxLength": 20}
    return {"type": "string", "maxLength": row.max_length}


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _ui(row: FieldSpec) -> dict[str, Any]:
    found: dict[str, Any] = {"label": row.label.to_dict(), "widget": row.kind}
    if row.hint:
        found["hint"] = row.hint.to_dict()
    if row.options:
        found["options"] = [{"value": one.value, "text": one.text.to_dict()} for one in row.options]
    if row.prefill:
        found["prefill"] = row.prefill
    return found | {key: True for key in ("locked", "sensitive", "past") if getattr(row, key)}


def _nothing_to_ask() -> dict[str, Any]:
    """A matter without a form still needs the word that the application is meant."""
    label = {"zh": "我确认提交这份申请", "en": "I confirm that I submit this application"}
    return {
        "schema": {"type": "object", "properties": {"confirmed": {"type": "boolean"}}, "required": ["confirmed"]},
        "ui": {"confirmed": {"label": label, "widget": "agree"}},
    }  # fmt: skip


# -- uploads ------------------------------------------------------------------------------------------
def _with_uploads(spec: MatterSpec, source: Mapping[str, Any]) -> dict[str, Any]:
    """Every material to upload has a file field: the author's own, or one added before the agreements."""
    schema = dict(source["schema"])
    properties: dict[str, Any] = dict(schema["properties"])
    required, ui = list(schema.get("required", ())), dict(source.get("ui", {}))
    asked = {key.removeprefix(FILE) for key, row in ui.items() if row.get("widget") in {"file", "upload"}}
    missing = [row for row in spec.uploads if row.key not in asked]
    last = {
        key: properties.pop(key) for key in list(properties) if _agreement(properties[key], ui.get(key, {}))
    }
    for row in missing:
        properties[FILE + row.key] = {}
        ui[FILE + row.key] = {
            "label": row.name.to_dict(), "hint": row.how.to_dict(), "widget": "file", "accept": _accept(spec, row)
        }  # fmt: skip
        if row.required:
            required.append(FILE + row.key)
    for key, row in ui.items():
        if row.get("widget") in {"file", "upload"} and not row.get("accept"):
            ui[key] = {**row, "accept": list(DOCUMENTS)}
    made = {**source, "schema": {**schema, "properties": properties | last, "required": required}, "ui": ui}
    if "pages" in source and missing:
        made["pages"] = _on_last_page(source["pages"], [FILE + row.key for row in missing], set(last))
    return made


def _agreement(schema: Any, row: Mapping[str, Any]) -> bool:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return row.get("widget") == "agree" or ("widget" not in row and kind == "boolean")


def _accept(spec: MatterSpec, row: Material) -> list[str]:
    """Pictures; documents too where no check looks at the picture."""
    looked_at = {one.options.get("material", "photo") for one in spec.condition if one.check == "photo"}
    return list(PICTURES if row.key in looked_at else DOCUMENTS)


def _on_last_page(pages: Any, keys: list[str], last: set[str]) -> list[Any]:
    *first, final = pages
    names = list(final.get("fields", ()))
    at = next((n for n, one in enumerate(names) if one in last), len(names))
    return [*first, {**final, "fields": [*names[:at], *keys, *names[at:]]}]
