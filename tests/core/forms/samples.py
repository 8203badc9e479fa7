"""Forms to try things on."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

from quancheng.core import forms


def label(zh: str, en: str | None = None) -> dict[str, Any]:
    return {"label": {"zh": zh, "en": en or zh}}


NEWBORN: dict[str, Any] = {
    "schema": {
        "type": "object",
        "required": ["mother", "married", "children", "number", "truthful"],
        "properties": {
            "mother": {"type": "string", "maxLength": 30},
            "mother_id": {"type": "string"},
            "married": {"type": "string", "enum": ["yes", "no"]},
            "spouse": {"type": "string", "maxLength": 30},
            "wedding": {"type": "string", "format": "date"},
            "children": {
                "type": "array",
                "minItems": 1,
                "maxItems": 4,
                "items": {
                    "type": "object",
                    "required": ["name", "born"],
                    "properties": {
                        "name": {"type": "string", "minLength": 2, "maxLength": 20},
                        "born": {"type": "string", "format": "date"},
                        "weight": {"type": "integer", "minimum": 300, "maximum": 9000},
                        "note": {"type": "string", "maxLength": 50},
                    },
                },
            },
            "number": {"type": "integer"},
            "total": {"type": "number"},
            "benefit": {"type": "string", "enum": ["one", "many", "none"]},
            "contact": {
                "type": "object",
                "required": ["phone"],
                "properties": {"phone": {"type": "string"}, "address": {"type": "string"}},
            },
            "plate": {"type": "string", "pattern": "^鲁[A-Z][A-Z0-9]{5}$", "maxLength": 7},
            "truthful": {"type": "boolean"},
        },
    },
    "pages": [
        {"key": "parents", "title": {"zh": "父母", "en": "Parents"},
         "fields": ["mother", "mother_id", "married", "spouse", "wedding"]},
        {"key": "child", "title": {"zh": "孩子", "en": "Child"}, "fields": ["children", "number", "total"]},
        {"key": "rest", "title": {"zh": "其他", "en": "Other"},
         "fields": ["benefit", "contact", "plate", "truthful"]},
    ],
    "ui": {
        "mother": label("母亲姓名", "Mother"),
        "mother_id": {**label("母亲身份证号", "Mother's number"), "widget": "id_number", "sensitive": True},
        "married": {**label("是否结婚", "Married"),
                    "options": [{"value": "yes", "text": {"zh": "是", "en": "Yes"}},
                                {"value": "no", "text": {"zh": "否", "en": "No"}}]},
        "spouse": label("配偶", "Spouse"),
        "wedding": {**label("结婚日期", "Wedding"), "past": True},
        "children": label("孩子", "Children"),
        "children[].name": label("姓名", "Name"),
        "children[].born": label("出生日期", "Born"),
        "children[].weight": {**label("体重", "Weight"), "hint": {"zh": "克", "en": "grams"}},
        "children[].note": label("说明", "Note"),
        "number": label("孩子数", "Number of children"),
        "total": label("总体重", "Total weight"),
        "benefit": label("补贴", "Benefit"),
        "contact": label("联系方式", "Contact"),
        "contact.phone": {**label("电话", "Telephone"), "widget": "phone"},
        "contact.address": label("地址", "Address"),
        "plate": label("车牌", "Number plate"),
        "truthful": label("我承诺属实", "I declare it is true"),
    },
    "rules": [
        {"target": "spouse", "kind": "visible", "feel": 'married = "yes"'},
        {"target": "spouse", "kind": "required", "feel": 'married = "yes"'},
        {"target": "wedding", "kind": "visible", "feel": 'married = "yes"'},
        {"target": "wedding", "kind": "valid", "feel": "wedding <= today",
         "message": {"zh": "结婚日期不能晚于今天", "en": "The wedding cannot be after today"}},
        {"target": "children[].note", "kind": "visible", "feel": "weight < 2500"},
        {"target": "children[].note", "kind": "required", "feel": "weight < 1500"},
        {"target": "children[].born", "kind": "valid", "feel": "born <= today",
         "message": {"zh": "出生日期不能晚于今天", "en": "The birth cannot be after today"}},
        {"target": "number", "kind": "value", "feel": "count(children)"},
        {"target": "total", "kind": "value", "feel": "sum(children.weight)"},
        {"target": "benefit", "kind": "options", "feel": 'if number > 1 then ["many"] else ["one", "none"]'},
    ],
}  # fmt: skip
TODAY = date(2026, 11, 22)
ENV = forms.Environment(today=TODAY)
GOOD: dict[str, Any] = {
    "mother": "王芳",
    "mother_id": "11010519491231002X",
    "married": "yes",
    "spouse": "李强",
    "wedding": "2020-05-20",
    "children": [{"name": "李一", "born": "2026-11-01", "weight": 3200}],
    "contact": {"phone": "13900001111"},
    "truthful": True,
}


def changed(**parts: Any) -> dict[str, Any]:
    """The sample with parts of its source changed by dotted path (``schema__properties__x``)."""
    made = copy.deepcopy(NEWBORN)
    for path, value in parts.items():
        node: Any = made
        *before, last = path.split("__")
        for step in before:
            node = node[int(step)] if isinstance(node, list) else node[step]
        if value is None:
            del node[last]
        elif isinstance(node, list):
            node.insert(int(last) if last.isdecimal() else len(node), value)
        else:
            node[last] = value
    return made


def one_field(
    schema: dict[str, Any], ui: dict[str, Any] | None = None, *, required: bool = True, **more: Any
) -> Any:
    """A form of one field ``a`` (and a free text ``b``)."""
    return {
        "schema": {
            "type": "object",
            "properties": {"a": schema, "b": {"type": "string"}},
            "required": ["a"] if required else [],
        },
        "ui": {"a": {**label("甲", "A"), **(ui or {})}, "b": label("乙", "B")},
        **more,
    }  # fmt: skip
