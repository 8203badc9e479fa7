"""校验: errors of answers, one text for each path, the same for a program's JSON and a person's typing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from quancheng.core.forms.answers import PHONE, typed
from quancheng.core.forms.formulas import Environment
from quancheng.core.forms.model import Field, FormDefinition, Kind, RuleKind
from quancheng.core.forms.schema import Validator
from quancheng.core.forms.states import FormState, Run
from quancheng.core.identity import IdentityNumberError, parse_resident_id
from quancheng.core.text import Text

__all__ = ["errors_of", "validate"]


def validate(
    definition: FormDefinition,
    answers: Mapping[str, Any],
    page: str | None = None,
    env: Environment | None = None,
) -> dict[str, Text]:
    """Errors by path, of one page or of all (校验答案). Raises FormError on broken rules or too much."""
    used = env or Environment()
    found = Run(definition, typed(definition, answers), used).state()
    return errors_of(definition, found, page, used)


def errors_of(
    definition: FormDefinition, found: FormState, page: str | None = None, env: Environment | None = None
) -> dict[str, Text]:
    """The errors of an evaluated form, in the order of the form."""
    wrong: dict[str, Text] = dict(found.unclear)
    for path in found.visible:
        field = definition.of(path)
        if field is None or path in wrong:
            continue
        text = _of_field(field, path, found, env or Environment())
        if text is not None:
            wrong[path] = text
    for path, text in _of_schema(definition, found):
        wrong.setdefault(path, text)
    for path, text in found.broken.items():
        wrong.setdefault(path, text)
    shown = definition.page(page) if page is not None else None
    fields = shown.fields if shown else tuple(key for one in definition.pages for key in one.fields)
    order = {key: n for n, key in enumerate(fields)}
    places = {one.path: n for n, one in enumerate(definition.walk())}
    kept = {
        path: text for path, text in wrong.items() if path.split(".")[0] in order or (not path and not shown)
    }

    def rank(path: str) -> tuple[int, int, str]:
        field = definition.of(path)
        return order.get(path.split(".")[0], -1), places.get(field.path, 0) if field else 0, path

    return {path: kept[path] for path in sorted(kept, key=rank)}


def value_at(answers: Mapping[str, Any], path: str) -> Any:
    """The answer at a path, None when there is none."""
    value: Any = answers
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if step.isdecimal() and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


# -- fields ---------------------------------------------------------------------------------------
def _of_field(field: Field, path: str, found: FormState, env: Environment) -> Text | None:
    value = value_at(found.answers, path)
    if value in (None, "", [], {}):
        if path not in found.required or field.kind is Kind.GROUP:
            return None
        return _missing(field)
    return _of_value(field, path, value, found, env)


def _of_value(field: Field, path: str, value: Any, found: FormState, env: Environment) -> Text | None:
    zh, en = field.label.zh, field.label.en
    if field.kind.written and len(str(value)) > field.max_length:
        return Text(f"{zh}最多{field.max_length}个字", f"{en} has at most {field.max_length} characters")
    match field.kind:
        case Kind.PHONE if not PHONE.fullmatch(str(value)):
            return Text(
                "电话应是11位手机号，或带区号的固定电话，如 0531-12345678",
                "Enter a mobile number of 11 digits or a landline with area code, like 0531-12345678",
            )
        case Kind.ID_NUMBER:
            return _identity(str(value), env)
        case Kind.CHOICE | Kind.MULTI:
            allowed = {one.value for one in found.options.get(path, field.options)}
            chosen = value if isinstance(value, list) else [value]
            if any(one not in allowed for one in chosen):
                return Text(f"请从列出的选项中选择{zh}", f"Choose {_low(en)} from the list")
        case Kind.DATE if field.past and env.today and str(value) > env.today.isoformat():
            return Text("日期不能晚于今天", "The date cannot be after today")
        case Kind.REPEAT | Kind.FILE if not max(field.least, 0) <= len(value) <= field.most:
            return _counted(field, len(value))
    return None


def _identity(value: str, env: Environment) -> Text | None:
    try:
        parse_resident_id(value, on=env.today)
    except IdentityNumberError as wrong:
        return Text(wrong.text.zh, wrong.text.en)
    return None


def _missing(field: Field) -> Text:
    zh, en = field.label.zh, _low(field.label.en)
    match field.kind:
        case Kind.FILE:
            return Text(f"请上传{zh}", f"Upload {en}")
        case Kind.AGREE:
            return Text(f"请勾选：{zh}", f"Tick: {field.label.en}")
        case Kind.CHOICE | Kind.MULTI | Kind.REGION:
            return Text(f"请选择{zh}", f"Choose {en}")
        case Kind.SIGNATURE:
            return Text(f"请签名：{zh}", f"Sign: {field.label.en}")
        case Kind.REPEAT:
            return Text(f"{zh}至少填{max(field.least, 1)}项", f"Add at least {max(field.least, 1)}: {en}")
    return Text(f"请填写{zh}", f"Enter {en}")


def _counted(field: Field, count: int) -> Text:
    zh, en = field.label.zh, field.label.en
    unit, units = ("个文件", "files") if field.kind is Kind.FILE else ("项", "items")
    if count < field.least:
        return Text(f"{zh}至少{field.least}{unit}", f"{en}: at least {field.least} {units}")
    return Text(f"{zh}最多{field.most}{unit}", f"{en}: at most {field.most} {units}")


def _low(en: str) -> str:
    return en[0].lower() + en[1:] if en[:1].isupper() and en[1:2].islower() else en


# -- JSON Schema ------------------------------------------------------------------------------------
def _of_schema(definition: FormDefinition, found: FormState) -> Iterator[tuple[str, Text]]:
    """What the schema says about the visible answers; missing ones were dealt with above."""
    validator = _validator(definition)
    outside = {one.key for one in definition.fields if one.kind.outside}
    answers = {key: value for key, value in found.answers.items() if key not in outside}
    for error in validator.iter_errors(answers):
        path = ".".join(str(one) for one in error.absolute_path)
        if error.validator == "required":
            yield from _conditionally(definition, found, error, path)
            continue
        field = definition.of(path)
        while field is None and "." in path:
            path = path.rpartition(".")[0]
            field = definition.of(path)
        if field is None:
            yield "", Text("填写的内容不符合表单的要求", "The answers do not meet the form's requirements")
        else:
            yield path, _words(definition, field, error)


def _conditionally(
    definition: FormDefinition, found: FormState, error: Any, at: str
) -> Iterator[tuple[str, Text]]:
    for key in error.validator_value:
        path = f"{at}.{key}" if at else key
        field = definition.of(path)
        if (
            field is not None
            and key not in error.instance
            and path in found.visible
            and not field.kind.outside
        ):
            yield path, _missing(field)


@lru_cache(maxsize=256)
def _validator(definition: FormDefinition) -> Any:
    """The schema without its plain ``required``: what must be filled is known by what shows."""
    schema = dict(_relaxed(definition.schema))
    outside = {one.key for one in definition.fields if one.kind.outside}
    schema["properties"] = {
        key: one for key, one in schema.get("properties", {}).items() if key not in outside
    }
    return Validator(schema, format_checker=Validator.FORMAT_CHECKER)


def _relaxed(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: value for key, value in schema.items() if key != "required"}
    for key in ("properties", "$defs"):
        if isinstance(kept.get(key), Mapping):
            kept[key] = {name: _relaxed(one) for name, one in kept[key].items()}
    if "items" in kept:
        kept["items"] = _relaxed(kept["items"])
    kept.pop("minItems", None)
    return kept


_SENTENCES: Mapping[str, tuple[str, str]] = {
    "minimum": ("{zh}应不小于{limit}", "{en} should be at least {limit}"),
    "maximum": ("{zh}应不大于{limit}", "{en} should be at most {limit}"),
    "exclusiveMinimum": ("{zh}应大于{limit}", "{en} should be more than {limit}"),
    "exclusiveMaximum": ("{zh}应小于{limit}", "{en} should be less than {limit}"),
    "multipleOf": ("{zh}应是{limit}的倍数", "{en} should be a multiple of {limit}"),
    "minLength": ("{zh}至少{limit}个字", "{en} has at least {limit} characters"),
    "maxLength": ("{zh}最多{limit}个字", "{en} has at most {limit} characters"),
    "uniqueItems": ("{zh}有重复", "{en} holds the same twice"),
    "maxItems": ("{zh}最多{limit}项", "{en}: at most {limit}"),
}
_LISTED = frozenset({"enum", "const", "oneOf", "anyOf"})
_FORMED = frozenset({"pattern", "format", "type"})


def _words(definition: FormDefinition, field: Field, error: Any) -> Text:
    zh, en, limit = field.label.zh, field.label.en, error.validator_value
    if known := _SENTENCES.get(error.validator):
        return Text(known[0].format(zh=zh, limit=limit), known[1].format(en=en, limit=limit))
    if error.validator in _LISTED and field.kind is not Kind.AGREE:
        return Text(f"请从列出的选项中选择{zh}", f"Choose {_low(en)} from the list")
    rules = definition.rules_of(field.path, RuleKind.VALID)
    told = next((rule.message for rule in rules if rule.message), None)
    if error.validator in _FORMED:
        hint = field.hint or told
        ending = Text(f"（{hint.zh}）", f" ({hint.en})") if hint else Text("", "")
        return Text(f"{zh}的格式不对{ending.zh}", f"{en} has the wrong format{ending.en}")
    return told or Text(f"{zh}不符合填写要求", f"{en} does not meet the requirements")
