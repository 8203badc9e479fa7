"""读取表单: JSON to a :class:`FormDefinition`; shape and size are checked here, sense in ``checking``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from quancheng.core.forms.errors import FormError
from quancheng.core.forms.model import Field, FormDefinition, Kind, Limits, Option, Page, Rule, RuleKind
from quancheng.core.text import Text

__all__ = ["canonical", "read"]

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
_TOP = frozenset({"schema", "pages", "ui", "rules", "$schema", "$comment", "simulated"})
_UI = frozenset(
    {
        "label", "hint", "widget", "prefill", "locked", "sensitive", "autocomplete", "options", "accept",
        "max_bytes", "past", "placeholder",
    }
)  # fmt: skip
_ALIASES = {
    "textarea": "paragraph", "radio": "choice", "radios": "choice", "select": "choice",
    "checkbox": "agree", "checkboxes": "multi-choice", "multi_choice": "multi-choice", "tel": "phone",
    "id-number": "id_number", "second-applicant": "cosigner", "second_applicant": "cosigner",
    "co-signer": "cosigner", "repeating-group": "repeat", "repeating_group": "repeat",
    "repeating": "repeat", "upload": "file",
}  # fmt: skip
MEDIA = {
    "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png", "pdf": "application/pdf",
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".pdf": "application/pdf",
}  # fmt: skip


def read(source: str | bytes | Mapping[str, Any], limits: Limits | None = None) -> FormDefinition:
    """Read a form definition (读取表单定义): JSON text or the parsed object.

    ``{"schema": {...}, "pages": [...], "ui": {...}, "rules": [...]}``; the schema is JSON Schema
    2020-12 of an object. Raises FormError with path and text when it is not of that shape or too big.
    """
    bounds = limits or Limits()
    data = _object(_parsed(source, bounds) if isinstance(source, str | bytes) else source, "")
    _bounded(data, bounds)
    _known(data, _TOP, "")
    schema = _object(data.get("schema"), "schema")
    ui = {
        canonical(path): _object(row, f"ui.{path}") for path, row in _object(data.get("ui", {}), "ui").items()
    }
    for path, row in ui.items():
        _known(row, _UI, f"ui.{path}")
    fields = _fields(schema, ui, schema, "", bounds, 1)
    by_path = {one.path: one for one in _flat(fields)}
    if not fields:
        raise FormError("schema.properties", Text("表单没有字段。", "The form has no fields."))
    if len(by_path) > bounds.fields:
        raise _too_big("schema", bounds.fields, "个字段", "fields")
    rules = _list(data.get("rules", []), "rules")
    if len(rules) > bounds.rules:
        raise _too_big("rules", bounds.rules, "条规则", "rules")
    return FormDefinition(
        fields=fields,
        pages=_pages(data.get("pages"), fields),
        rules=tuple(_rule(row, f"rules.{n}") for n, row in enumerate(rules)),
        schema=schema,
        source=data,
        by_path=by_path,
        ui=ui,
    )


def canonical(path: str) -> str:
    """``child[].name`` and ``child.name`` are the same field."""
    return str(path).replace("[]", "")


# -- JSON ---------------------------------------------------------------------------------------
def _parsed(source: str | bytes, bounds: Limits) -> Any:
    if len(source) > bounds.text:
        raise _too_big("", bounds.text, "个字符", "characters")
    try:
        return json.loads(source, object_pairs_hook=_unique)
    except FormError:
        raise
    except RecursionError as deep:
        raise FormError("", Text("JSON 嵌套太深。", "The JSON is nested too deeply.")) from deep
    except ValueError as wrong:
        raise FormError("", Text(f"不是正确的 JSON：{wrong}", f"This is not JSON: {wrong}")) from wrong


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise FormError(key, Text(f"“{key}”写了两次。", f"“{key}” is written twice."))
        found[key] = value
    return found


def _bounded(data: Any, bounds: Limits) -> None:
    """Count nodes without recursion, so that depth cannot hurt."""
    waiting, seen = [(data, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if seen > bounds.nodes:
            raise _too_big("", bounds.nodes, "个节点", "nodes")
        if depth > 40:
            raise FormError("", Text("JSON 嵌套太深。", "The JSON is nested too deeply."))
        if isinstance(value, Mapping):
            waiting.extend((part, depth + 1) for part in value.values())
        elif isinstance(value, list | tuple):
            waiting.extend((part, depth + 1) for part in value)


def _too_big(path: str, limit: int, zh: str, en: str) -> FormError:
    return FormError(path, Text(f"太大：最多{limit}{zh}。", f"Too big: at most {limit} {en}."))


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise FormError(path, Text("这里应是一个对象 {…}。", "An object {…} is expected here."))
    return value


def _list(value: Any, path: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise FormError(path, Text("这里应是一个列表 […]。", "A list […] is expected here."))
    return value


def _known(row: Mapping[str, Any], allowed: frozenset[str], path: str) -> None:
    unknown = sorted(str(key) for key in row.keys() - allowed)
    if unknown:
        names = "、".join(unknown)
        raise FormError(path, Text(f"不认识的键：{names}。", f"Unknown keys: {', '.join(unknown)}."))


def _text(value: Any, path: str) -> Text:
    try:
        found = Text.of(value)
    except (TypeError, ValueError) as wrong:
        raise FormError(path, Text('文字应写成 {"zh": …, "en": …}。', 'Write {"zh": …, "en": …}.')) from wrong
    if not found.zh.strip() or not found.en.strip():
        raise FormError(path, Text("文字是空的。", "The text is empty."))
    return found


# -- fields --------------------------------------------------------------------------------------
def _fields(
    holder: Mapping[str, Any],
    ui: Mapping[str, Mapping[str, Any]],
    root: Mapping[str, Any],
    prefix: str,
    bounds: Limits,
    depth: int,
) -> tuple[Field, ...]:
    place = f"schema.{prefix}" if prefix else "schema"
    if depth > bounds.depth:
        raise FormError(
            place, Text(f"分组最多{bounds.depth}层。", f"Groups nest at most {bounds.depth} deep.")
        )
    required = holder.get("required", ())
    wanted = (
        frozenset(one for one in required if isinstance(one, str))
        if isinstance(required, list | tuple)
        else ()
    )
    found = []
    for key, raw in _object(holder.get("properties", {}), f"{place}.properties").items():
        path = f"{prefix}.{key}" if prefix else key
        if not _KEY.fullmatch(key):
            raise FormError(
                path,
                Text("字段名只用字母、数字和下划线，以字母开头，最多40个。",
                     "A field name has letters, digits and underscores, begins with a letter, at most 40."),
            )  # fmt: skip
        schema = _resolved(raw, root, path)
        found.append(_field(key, path, schema, ui, root, bounds, depth, required=key in wanted))
    return tuple(found)


def _field(
    key: str,
    path: str,
    schema: Mapping[str, Any],
    ui: Mapping[str, Mapping[str, Any]],
    root: Mapping[str, Any],
    bounds: Limits,
    depth: int,
    *,
    required: bool,
) -> Field:
    row = ui.get(path, {})
    kind = _kind(schema, row, path)
    children: tuple[Field, ...] = ()
    least, most = 0, 1
    if kind is Kind.GROUP:
        children = _fields(schema, ui, root, path, bounds, depth + 1)
    elif kind is Kind.REPEAT:
        items = _resolved(schema.get("items", {}), root, path)
        children = _fields(items, ui, root, path, bounds, depth + 1)
    if kind in {Kind.REPEAT, Kind.FILE, Kind.MULTI}:
        most = bounds.items if kind is Kind.REPEAT else 1 if kind is Kind.FILE else 1000
        least, most = _count(schema, "minItems", 0), min(_count(schema, "maxItems", most), bounds.items)
    label = row.get("label", schema.get("title"))
    return Field(
        key=key, path=path, kind=kind, schema=schema, children=children, required=required,
        label=_text(label, f"ui.{path}.label") if label else Text(key, key),
        hint=_text(row["hint"], f"ui.{path}.hint") if row.get("hint") else None,
        options=_options(schema, row, root, path, kind), prefill=str(row.get("prefill") or ""),
        locked=row.get("locked") is True, sensitive=row.get("sensitive") is True,
        past=row.get("past") is True, autocomplete=str(row.get("autocomplete") or ""),
        accept=tuple(MEDIA.get(str(one).lower(), str(one)) for one in _list(row.get("accept", ()), path)),
        max_bytes=_count(row, "max_bytes", 0), least=least, most=most, labelled=bool(label),
    )  # fmt: skip


def _count(row: Mapping[str, Any], key: str, other: int) -> int:
    value = row.get(key, other)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else other


def _resolved(raw: Any, root: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """A schema with its local reference put in; true and false are the open and the shut schema."""
    if isinstance(raw, bool):
        return {} if raw else {"not": {}}
    seen = 0
    schema = _object(raw, path)
    while "$ref" in schema:
        seen += 1
        reference = str(schema["$ref"])
        name = reference.removeprefix("#/$defs/")
        known = root.get("$defs")
        target = known.get(name) if isinstance(known, Mapping) else None
        if not reference.startswith("#/$defs/") or not isinstance(target, Mapping) or seen > 10:
            raise FormError(
                path,
                Text(f"引用“{reference}”不可用：只能引用本文件 $defs 里的定义，且不能循环。",
                     f"The reference “{reference}” cannot be used: only $defs of this file, no circles."),
            )  # fmt: skip
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _kind(schema: Mapping[str, Any], row: Mapping[str, Any], path: str) -> Kind:
    widget = row.get("widget")
    if widget is not None:
        name = _ALIASES.get(str(widget), str(widget))
        if name not in {one.value for one in Kind}:
            known = "、".join(one.value for one in Kind)
            raise FormError(
                f"ui.{path}.widget",
                Text(f"没有“{widget}”这种字段，可用：{known}。", f"There is no widget “{widget}”: {known}."),
            )
        return Kind(name)
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items")
        nested = isinstance(items, Mapping) and ("properties" in items or items.get("type") == "object")
        return Kind.REPEAT if nested or (isinstance(items, Mapping) and "$ref" in items) else Kind.MULTI
    if kind == "object" or "properties" in schema:
        return Kind.GROUP
    if "enum" in schema or "oneOf" in schema or "options" in row:
        return Kind.CHOICE
    if kind in {"number", "integer"}:
        return Kind.NUMBER
    if kind == "boolean":
        return Kind.AGREE
    if schema.get("format") == "date":
        return Kind.DATE
    long = schema.get("maxLength")
    return Kind.PARAGRAPH if isinstance(long, int) and long > 200 else Kind.TEXT


def _options(
    schema: Mapping[str, Any], row: Mapping[str, Any], root: Mapping[str, Any], path: str, kind: Kind
) -> tuple[Option, ...]:
    if kind not in {Kind.CHOICE, Kind.MULTI}:
        return ()
    words = _option_words(row.get("options", {}), path)
    holder = _resolved(schema.get("items", {}), root, path) if kind is Kind.MULTI else schema
    values: list[str] = []
    branches = holder.get("oneOf")
    if isinstance(branches, list | tuple):
        for one in branches:
            if isinstance(one, Mapping) and "const" in one:
                values.append(str(one["const"]))
                if "title" in one:
                    words.setdefault(str(one["const"]), _text(one["title"], path))
    allowed = holder.get("enum")
    if isinstance(allowed, list | tuple):
        values = [str(one) for one in allowed if one is not None]
    if not values and "const" in holder:
        values = [str(holder["const"])]
    return tuple(Option(one, words.get(one, Text(one, one))) for one in values or list(words))


def _option_words(given: Any, path: str) -> dict[str, Text]:
    """``{"a": {zh, en}}`` or ``[{"value": "a", "text": {zh, en}}]``."""
    place = f"ui.{path}.options"
    if isinstance(given, Mapping):
        return {str(key): _text(value, place) for key, value in given.items()}
    found = {}
    for one in _list(given, place):
        row = _object(one, place)
        if "value" not in row:
            raise FormError(place, Text("选项要有 value 和 text。", "An option has value and text."))
        found[str(row["value"])] = _text(row.get("text", row.get("label", row["value"])), place)
    return found


def _flat(fields: Sequence[Field]) -> list[Field]:
    found = []
    for one in fields:
        found += [one, *_flat(one.children)]
    return found


# -- pages and rules -------------------------------------------------------------------------------
def _pages(given: Any, fields: tuple[Field, ...]) -> tuple[Page, ...]:
    if given is None:
        return (Page("form", Text("填写", "Fill in"), tuple(one.key for one in fields)),)
    pages = []
    for n, raw in enumerate(_list(given, "pages")):
        place = f"pages.{n}"
        row = _object(raw, place)
        _known(row, frozenset({"key", "title", "fields", "visible"}), place)
        names = _list(row.get("fields", ()), f"{place}.fields")
        visible = row.get("visible", "")
        if not isinstance(visible, str):
            raise FormError(f"{place}.visible", Text("应是 FEEL 表达式。", "A FEEL expression is expected."))
        key = str(row.get("key") or "")
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", key):
            raise FormError(f"{place}.key", Text("分页要有 key（小写字母开头）。", "A page needs a key."))
        title = _text(row.get("title"), f"{place}.title")
        pages.append(Page(key, title, tuple(canonical(str(one)) for one in names), visible.strip()))
    if not pages:
        raise FormError("pages", Text("至少要有一页。", "There must be a page."))
    return tuple(pages)


def _rule(raw: Any, place: str) -> Rule:
    row = _object(raw, place)
    _known(row, frozenset({"target", "kind", "feel", "message", "$comment"}), place)
    kind = str(row.get("kind"))
    if kind not in {one.value for one in RuleKind}:
        known = "、".join(one.value for one in RuleKind)
        raise FormError(
            f"{place}.kind",
            Text(f"没有“{kind}”这种规则，可用：{known}。", f"There is no rule “{kind}”: {known}."),
        )
    expression = row.get("feel")
    if not isinstance(expression, str) or not expression.strip():
        raise FormError(f"{place}.feel", Text("规则要有 FEEL 表达式。", "A rule needs a FEEL expression."))
    message = _text(row["message"], f"{place}.message") if row.get("message") else None
    return Rule(canonical(str(row.get("target") or "")), RuleKind(kind), expression.strip(), message, place)
