"""结构检查: contradictions inside the JSON Schema of a form."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema.exceptions import SchemaError, ValidationError

from quancheng.core.forms.errors import Problem
from quancheng.core.forms.model import Field, FormDefinition, Kind
from quancheng.core.forms.patterns import pattern_problem, search
from quancheng.core.text import Text

__all__ = ["Validator", "schema_problems"]

_KEYWORDS = frozenset(
    {
        "$schema", "$defs", "$ref", "$comment", "type", "enum", "const", "title", "description", "default",
        "examples", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
        "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems", "items", "contains",
        "minContains", "maxContains", "properties", "required", "additionalProperties", "minProperties",
        "maxProperties", "oneOf", "anyOf", "allOf", "not", "if", "then", "else", "dependentRequired",
        "dependentSchemas",
    }
)  # fmt: skip
_MAPS = frozenset({"properties", "$defs", "dependentSchemas"})
_ONE = frozenset({"items", "contains", "not", "if", "then", "else", "additionalProperties"})
_MANY = frozenset({"oneOf", "anyOf", "allOf"})
_PAIRS = (
    ("minLength", "maxLength"), ("minItems", "maxItems"), ("minContains", "maxContains"),
    ("minProperties", "maxProperties"),
)  # fmt: skip
_TYPES: Mapping[Kind, frozenset[str]] = {
    Kind.NUMBER: frozenset({"number", "integer"}), Kind.AGREE: frozenset({"boolean"}),
    Kind.MULTI: frozenset({"array"}), Kind.REPEAT: frozenset({"array"}), Kind.GROUP: frozenset({"object"}),
}  # fmt: skip


def _pattern(_validator: Any, pattern: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not search(str(pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


Validator: Any = validators.extend(Draft202012Validator, {"pattern": _pattern})
"""Draft 2020-12 with patterns read as browsers read them."""
_NO_FORMATS = FormatChecker(formats=())
"""Patterns are judged here, in two languages, not by the meta-schema."""
_Patternless: Any = validators.extend(Draft202012Validator, {"pattern": None})
"""For schemas whose patterns must not be run."""


def schema_problems(definition: FormDefinition) -> list[Problem]:
    """What in the schema can never be met, is misspelt or dangerous (结构自相矛盾之处)."""
    try:
        Draft202012Validator.check_schema(definition.schema, format_checker=_NO_FORMATS)
    except SchemaError as wrong:
        place = ".".join(["schema", *(str(one) for one in wrong.absolute_path)])
        return [
            Problem(
                place, Text(f"不是正确的 JSON Schema：{wrong.message}", f"Not a JSON Schema: {wrong.message}")
            )
        ]
    except RecursionError:
        return [Problem("schema", Text("JSON Schema 嵌套太深。", "The schema is nested too deeply."))]
    found = [*_misspelt(definition.schema, "schema"), *_patterns(definition.schema, "schema", 10_000)]
    validator = _Patternless if found else Validator
    if definition.schema.get("type", "object") != "object":
        found.append(Problem("schema.type", Text("最外层应是 object。", "The outermost type is object.")))
    found += _required(definition.schema, "schema")
    for field in definition.walk():
        found += _of_field(field, validator)
    return found


# -- walking --------------------------------------------------------------------------------------
def _inner(schema: Any, place: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    if not isinstance(schema, Mapping):
        return
    for key, value in schema.items():
        if key in _MAPS and isinstance(value, Mapping):
            yield from (
                (one, f"{place}.{key}.{name}") for name, one in value.items() if isinstance(one, Mapping)
            )
        elif key in _ONE and isinstance(value, Mapping):
            yield value, f"{place}.{key}"
        elif key in _MANY and isinstance(value, list | tuple):
            yield from (
                (one, f"{place}.{key}.{n}") for n, one in enumerate(value) if isinstance(one, Mapping)
            )


def _misspelt(schema: Mapping[str, Any], place: str) -> Iterator[Problem]:
    for key in schema:
        if key not in _KEYWORDS and not key.startswith("x-"):
            yield Problem(
                f"{place}.{key}",
                Text(
                    f"表单不支持 JSON Schema 的“{key}”（写错了？）。",
                    f"“{key}” is not supported (misspelt?).",
                ),
            )
    for inner, where in _inner(schema, place):
        yield from _misspelt(inner, where)


def _patterns(schema: Mapping[str, Any], place: str, longest: int) -> Iterator[Problem]:
    if isinstance(schema.get("pattern"), str):
        given = schema.get("maxLength")
        wrong = pattern_problem(schema["pattern"], given if isinstance(given, int) else min(longest, 200))
        if wrong:
            yield Problem(f"{place}.pattern", Text(f"{wrong.zh}。", f"{wrong.en[:1].upper()}{wrong.en[1:]}."))
    for inner, where in _inner(schema, place):
        yield from _patterns(inner, where, longest)


def _required(schema: Mapping[str, Any], place: str) -> Iterator[Problem]:
    known = schema.get("properties")
    names = known.keys() if isinstance(known, Mapping) else set()
    for key in schema.get("required", ()):
        if key not in names:
            yield Problem(
                f"{place}.required",
                Text(f"必填的“{key}”不是表单里的字段。", f"The required “{key}” is not a field of the form."),
            )
    for key, others in dict(schema.get("dependentRequired", {})).items():
        for one in [key, *others]:
            if one not in names:
                yield Problem(
                    f"{place}.dependentRequired",
                    Text(f"“{one}”不是表单里的字段。", f"“{one}” is not a field of the form."),
                )


# -- one field --------------------------------------------------------------------------------------
def _of_field(field: Field, validator: Any) -> Iterator[Problem]:
    schema, path = field.schema, field.path
    yield from _fits(field)
    yield from _never(schema, path, validator)
    holder = schema.get("items") if field.kind in {Kind.REPEAT, Kind.MULTI} else schema
    if isinstance(holder, Mapping):
        if field.children:
            yield from _required(holder, path)
        if holder is not schema:
            yield from _never(holder, path, validator)
    if field.kind in {Kind.GROUP, Kind.REPEAT} and not field.children:
        yield Problem(path, Text("分组里没有字段。", "The group has no fields."))


def _fits(field: Field) -> Iterator[Problem]:
    if field.kind.outside:
        return
    fit = _TYPES.get(field.kind, frozenset({"string"}))
    given = field.schema.get("type")
    if given is not None and not fit & set([given] if isinstance(given, str) else given):
        yield Problem(
            field.path,
            Text(f"“{field.kind}”字段的类型应是 {'、'.join(sorted(fit))}，不是 {given}。",
                 f"A {field.kind} field has the type {' or '.join(sorted(fit))}, not {given}."),
        )  # fmt: skip


def _never(schema: Mapping[str, Any], path: str, validator: Any) -> Iterator[Problem]:
    """Reasons why no answer at all can meet the schema."""
    merged = list(_all(schema))
    for least, most in _PAIRS:
        low = max((one[least] for one in merged if least in one), default=0)
        high = min((one[most] for one in merged if most in one), default=math.inf)
        if low > high:
            yield _contradiction(path, f"{least}({low}) > {most}({high})")
    yield from _bounds(merged, path)
    if "not" in schema and schema["not"] in ({}, True):
        yield _contradiction(path, "not: {}")
    for one in merged:
        yield from _values(one, schema, path, validator)
    types = [
        set([one["type"]] if isinstance(one["type"], str) else one["type"]) for one in merged if "type" in one
    ]
    types = [kinds | {"integer"} if "number" in kinds else kinds for kinds in types]
    if types and not set.intersection(*types):
        yield _contradiction(path, "allOf: type")
    if "default" in schema and not _ok(schema, schema["default"], validator):
        yield Problem(path, Text("默认值不符合自己的规则。", "The default breaks its own rules."))


def _all(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema and everything that must hold with it."""
    yield schema
    for one in schema.get("allOf", ()):
        if isinstance(one, Mapping):
            yield from _all(one)


def _bounds(merged: list[Mapping[str, Any]], path: str) -> Iterator[Problem]:
    low, low_open = _edge(merged, "minimum", "exclusiveMinimum", 1)
    high, high_open = _edge(merged, "maximum", "exclusiveMaximum", -1)
    if low is None or high is None:
        return
    if low > high or (low == high and (low_open or high_open)):
        yield _contradiction(path, f"minimum({low}) > maximum({high})")
        return
    steps = [Decimal(str(one["multipleOf"])) for one in merged if "multipleOf" in one]
    steps += [Decimal(1)] if any(one.get("type") == "integer" for one in merged) else []
    for step in steps:
        first = (low / step).to_integral_value(rounding="ROUND_CEILING") * step
        first += step if low_open and first == low else 0
        if first > high or (high_open and first == high):
            yield _contradiction(path, f"{low} … {high}, multipleOf {step}")


def _edge(merged: list[Mapping[str, Any]], shut: str, opened: str, sign: int) -> tuple[Decimal | None, bool]:
    edges = [(Decimal(str(one[shut])) * sign, False) for one in merged if shut in one]
    edges += [(Decimal(str(one[opened])) * sign, True) for one in merged if opened in one]
    if not edges:
        return None, False
    value, is_open = max(edges)
    return value * sign, is_open


def _values(
    one: Mapping[str, Any], schema: Mapping[str, Any], path: str, validator: Any
) -> Iterator[Problem]:
    """Fixed values: none left, or none that the rest allows."""
    rest = {key: value for key, value in schema.items() if key not in {"enum", "const", "default"}}
    if "enum" in one:
        if not one["enum"]:
            yield Problem(
                path, Text("enum 是空的：没有可选的值。", "The enum is empty: nothing can be chosen.")
            )
        elif "const" in schema and schema["const"] not in one["enum"]:
            yield Problem(path, Text("const 不在 enum 之中。", "The const is not among the enum."))
        elif not any(_ok(rest, value, validator) for value in one["enum"]):
            yield _contradiction(path, "enum")
        elif wrong := [value for value in one["enum"] if not _ok(rest, value, validator)]:
            shown = "、".join(str(value) for value in wrong[:5])
            yield Problem(path, Text(f"选项永远不会被接受：{shown}。", f"Never accepted: {shown}."))
    if "const" in one and not _ok(rest, one["const"], validator):
        yield _contradiction(path, "const")
    branches = one.get("oneOf")
    if isinstance(branches, list | tuple):
        fixed = [part["const"] for part in branches if isinstance(part, Mapping) and "const" in part]
        twice = [value for n, value in enumerate(fixed) if value in fixed[:n]]
        if twice:
            yield Problem(
                path, Text(f"oneOf 里有重复的值：{twice[0]}。", f"oneOf holds a value twice: {twice[0]}.")
            )


def _ok(schema: Mapping[str, Any], value: Any, validator: Any) -> bool:
    local = {key: part for key, part in schema.items() if key != "$ref"}
    try:
        return bool(validator(local).is_valid(value))
    except Exception:  # a reference into $defs that is not here: judged when the whole form runs
        return True


def _contradiction(path: str, what: str) -> Problem:
    return Problem(
        path,
        Text(f"自相矛盾，什么答案都通不过：{what}。", f"It contradicts itself, no answer can pass: {what}."),
    )
