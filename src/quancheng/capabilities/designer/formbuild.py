"""表单编辑: steps on a form definition's JSON; whether it makes sense is said by ``core.forms.check``. Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from quancheng.core import feel
from quancheng.core.forms import Kind, RuleKind
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

__all__ = [
    "KINDS",
    "RULES",
    "Source",
    "add_field",
    "add_page",
    "drop_field",
    "move",
    "read_rule",
    "update_field",
]

Source = dict[str, Any]
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}", re.ASCII)
KINDS = {
    Kind.TEXT: Text("单行文字", "Text"), Kind.PARAGRAPH: Text("多行文字", "Paragraph"),
    Kind.CHOICE: Text("单选", "One of several"), Kind.MULTI: Text("多选", "Several"), Kind.DATE: Text("日期", "Date"),
    Kind.NUMBER: Text("数字", "Number"), Kind.PHONE: Text("电话", "Telephone"), Kind.REGION: Text("区划", "Region"),
    Kind.ID_NUMBER: Text("身份证号", "Identity number"), Kind.AGREE: Text("承诺勾选", "Agreement"),
    Kind.SIGNATURE: Text("签名", "Signature"), Kind.COSIGNER: Text("第二申请人", "Second applicant"),
}  # fmt: skip
RULES = {
    RuleKind.VISIBLE: Text("何时显示", "Shown when"), RuleKind.REQUIRED: Text("何时必填", "Required when"),
    RuleKind.VALUE: Text("自动计算", "Computed as"), RuleKind.VALID: Text("须满足", "Must hold"),
}  # fmt: skip


def _schema(kind: Kind) -> dict[str, Any]:
    match kind:
        case Kind.NUMBER:
            return {"type": "number"}
        case Kind.AGREE:
            return {"type": "boolean"}
        case Kind.DATE:
            return {"type": "string", "format": "date"}
        case Kind.MULTI:
            return {"type": "array", "items": {"type": "string"}}
        case Kind.SIGNATURE | Kind.COSIGNER:
            return {}
    return {"type": "string", "maxLength": 500 if kind is Kind.PARAGRAPH else 100}


def add_field(source: Mapping[str, Any], key: str, kind: str, zh: str, en: str, page: str = "") -> Source:
    """A field at the end of its page (加一项). Raises InvalidInput."""
    made: Source = copy.deepcopy(dict(source))
    properties = made["schema"].setdefault("properties", {})
    if not _KEY.fullmatch(key):
        raise _wrong(
            "key",
            "字段名只用字母、数字和下划线，以字母开头。",
            "A key has letters, digits and underscores and begins with a letter.",
        )
    if key in properties:
        raise _wrong("key", f"已经有字段“{key}”。", f"There is a field “{key}” already.")
    if kind not in {one.value for one in KINDS}:
        raise _wrong("kind", "没有这种字段。", "There is no such kind.")
    if not zh.strip() or not en.strip():
        raise _wrong("zh", "请填写中文和英文名称。", "Give the label in Chinese and English.")
    properties[key] = _schema(Kind(kind))
    row: dict[str, Any] = {"label": {"zh": zh.strip(), "en": en.strip()}, "widget": kind}
    if kind in {"choice", "multi-choice"}:
        row["options"] = [
            {"value": "yes", "text": {"zh": "是", "en": "Yes"}},
            {"value": "no", "text": {"zh": "否", "en": "No"}},
        ]
        _options(properties[key], row)
    made.setdefault("ui", {})[key] = row
    pages = made.get("pages") or []
    if pages:
        next((one for one in pages if one.get("key") == page), pages[-1]).setdefault("fields", []).append(key)
    return made


def drop_field(source: Mapping[str, Any], key: str) -> Source:
    """Without a field, its rules and its place."""
    made: Source = copy.deepcopy(dict(source))
    made["schema"].get("properties", {}).pop(key, None)
    made["schema"]["required"] = [one for one in made["schema"].get("required", ()) if one != key]
    made.get("ui", {}).pop(key, None)
    made["rules"] = [one for one in made.get("rules", ()) if one.get("target") != key]
    for page in made.get("pages", ()):
        page["fields"] = [one for one in page.get("fields", ()) if one != key]
    return made


def move(source: Mapping[str, Any], key: str, by: int) -> Source:
    """A field one place up (-1) or down (1) on its page."""
    made: Source = copy.deepcopy(dict(source))
    page = next((one for one in made.get("pages", ()) if key in one.get("fields", ())), None)
    order = list(page["fields"]) if page else list(made["schema"].get("properties", {}))
    if key not in order:
        return made
    at = order.index(key)
    to = max(0, min(len(order) - 1, at + by))
    order.insert(to, order.pop(at))
    if page:
        page["fields"] = order
    else:
        properties = made["schema"]["properties"]
        made["schema"]["properties"] = {name: properties[name] for name in order}
    return made


def add_page(source: Mapping[str, Any], zh: str, en: str) -> Source:
    """One more page; the first gives all present fields a page (分页)."""
    if not zh.strip() or not en.strip():
        raise _wrong("zh", "请填写中文和英文标题。", "Give the title in Chinese and English.")
    made: Source = copy.deepcopy(dict(source))
    pages = made.setdefault("pages", [])
    if not pages:
        pages.append(
            {
                "key": "p1",
                "title": {"zh": "申请信息", "en": "Application"},
                "fields": list(made["schema"].get("properties", {})),
            }
        )
    taken = {one.get("key") for one in pages}
    key = next(f"p{n}" for n in range(2, 1000) if f"p{n}" not in taken)
    pages.append({"key": key, "title": {"zh": zh.strip(), "en": en.strip()}, "fields": []})
    return made


def update_field(source: Mapping[str, Any], key: str, given: Mapping[str, str]) -> Source:
    """A field after what an author typed: labels, hint, required, limits, options, rules, page."""
    made: Source = copy.deepcopy(dict(source))
    schema = made["schema"].get("properties", {}).get(key)
    if schema is None:
        raise InvalidInput(Text(f"没有字段“{key}”。", f"There is no field “{key}”."))
    row = made.setdefault("ui", {}).setdefault(key, {})
    row["label"] = {"zh": given.get("zh", "").strip(), "en": given.get("en", "").strip()}
    if not all(row["label"].values()):
        raise _wrong("zh", "请填写中文和英文名称。", "Give the label in Chinese and English.")
    hint = {"zh": given.get("hint_zh", "").strip(), "en": given.get("hint_en", "").strip()}
    row.pop("hint", None)
    if hint["zh"]:
        row["hint"] = {"zh": hint["zh"], "en": hint["en"] or hint["zh"]}
    required = [one for one in made["schema"].get("required", ()) if one != key]
    made["schema"]["required"] = required + ([key] if given.get("required") else [])
    _limits(schema, given)
    if "options" in given and row.get("options") is not None:
        row["options"] = _read_options(given["options"])
        _options(schema, row)
    made["rules"] = [one for one in made.get("rules", ()) if one.get("target") != key] + [
        rule for kind in RULES if (rule := _rule(key, kind, given)) is not None
    ]
    _to_page(made, key, given.get("page", ""))
    return made


def _to_page(made: Source, key: str, page: str) -> None:
    pages = made.get("pages") or []
    target = next((one for one in pages if one.get("key") == page), None)
    if target is None or key in target.get("fields", ()):
        return
    for one in pages:
        one["fields"] = [name for name in one.get("fields", ()) if name != key]
    target.setdefault("fields", []).append(key)


def _limits(schema: dict[str, Any], given: Mapping[str, str]) -> None:
    for name in ("minimum", "maximum", "maxLength"):
        text = given.get(name, "").strip()
        schema.pop(name, None)
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            raise _wrong(name, "应为数字。", "Should be a number.") from None
        schema[name] = int(value) if value == int(value) else value


def _read_options(text: str) -> list[dict[str, Any]]:
    """Lines ``value | 中文 | English``."""
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        parts = [one.strip() for one in line.replace("｜", "|").split("|")]
        if len(parts) != 3 or not all(parts):
            raise _wrong("options", "每行写：值 | 中文 | 英文。", "Each line: value | Chinese | English.")
        found.append({"value": parts[0], "text": {"zh": parts[1], "en": parts[2]}})
    if not found:
        raise _wrong("options", "至少要有一个选项。", "At least one option.")
    return found


def _options(schema: dict[str, Any], row: Mapping[str, Any]) -> None:
    values = [one["value"] for one in row["options"]]
    if schema.get("type") == "array":
        schema["items"] = {"type": "string", "enum": values}
    else:
        schema["enum"] = values


def _rule(key: str, kind: RuleKind, given: Mapping[str, str]) -> dict[str, Any] | None:
    text = given.get(f"rule_{kind.value}", "").strip()
    if not text:
        return None
    read_rule(text, f"rule_{kind.value}")
    rule: dict[str, Any] = {"target": key, "kind": kind.value, "feel": text}
    if kind is RuleKind.VALID:
        zh = given.get("message_zh", "").strip() or "不符合要求。"
        rule["message"] = {"zh": zh, "en": given.get("message_en", "").strip() or "Not as required."}
    return rule


def read_rule(text: str, place: str = "feel") -> feel.Expression:
    """A FEEL rule read at once (立即检查). Raises InvalidInput with the reason and position."""
    try:
        return feel.parse(text)
    except (feel.FeelSyntaxError, feel.FeelLimitError) as wrong:
        raise InvalidInput(wrong.text, fields={place: wrong.text}) from wrong


def _wrong(field: str, zh: str, en: str) -> InvalidInput:
    text = Text(zh, en)
    return InvalidInput(text, fields={field: text})
