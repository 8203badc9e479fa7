"""版本差异: what changed between two contents of a matter, in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from quancheng.capabilities.designer import decisions, outline
from quancheng.capabilities.designer.values import Part
from quancheng.core.feel.dmn.document import DecisionTable
from quancheng.core.text import Text
from quancheng.kernel.errors import QuanchengError

__all__ = ["Change", "changes"]

Change = tuple[Part, Text]
_BASICS = {
    "name": Text("名称", "name"), "summary": Text("说明", "summary"), "kind": Text("事项类型", "kind"),
    "department": Text("实施机关", "deciding office"), "period": Text("办理时限", "time limits"),
    "basis": Text("设定依据", "legal basis"), "applicant": Text("申请主体", "applicant"),
    "zones": Text("主题专区", "zones"), "keywords": Text("搜索词", "keywords"), "fee": Text("收费", "fee"),
    "result": Text("办理结果", "result"), "refusal": Text("不予办理情形", "grounds of refusal"),
    "online": Text("可网办", "online"), "basic_code": Text("基本编码", "basic code"),
    "implementation_code": Text("实施编码", "implementation code"), "national_code": Text("国家编码", "national code"),
    "handling": Text("办件类型", "way of handling"), "visits": Text("到现场次数", "visits"), "halls": Text("四级大厅", "halls"),
    "levels": Text("行使层级", "levels"), "faq": Text("常见问题", "questions"), "bulk": Text("批量办理", "bulk decisions"),
    "licence_type": Text("证照类型", "licence type"), "order": Text("排序", "order"),
}  # fmt: skip
_ROWS = {
    "condition": (Part.CONDITIONS, "id", "text", Text("受理条件", "Condition")),
    "material": (Part.MATERIALS, "key", "name", Text("材料", "Material")),
}


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every difference as one line, in the order of the parts; empty when nothing differs."""
    found: list[Change] = []
    for key, name in _BASICS.items():
        if old.get(key) != new.get(key):
            found.append((Part.BASIC, Text(
                f"{name.zh}：由{_short(old.get(key), 'zh')}改为{_short(new.get(key), 'zh')}",
                f"{name.en}: from {_short(old.get(key), 'en')} to {_short(new.get(key), 'en')}",
            )))  # fmt: skip
    for key, (part, by, label, name) in _ROWS.items():
        found += [(part, one) for one in _rows(old.get(key) or (), new.get(key) or (), by, label, name)]
    found += [(Part.FORM, one) for one in _form(old, new)]
    found += [(Part.TABLES, one) for one in _tables(str(old.get("dmn") or ""), str(new.get("dmn") or ""))]
    found += [(Part.FLOW, one) for one in _flow(str(old.get("bpmn") or ""), str(new.get("bpmn") or ""))]
    return found


def _short(value: Any, language: str) -> str:
    if value in (None, "", [], {}):
        return "“空”" if language == "zh" else "nothing"
    if isinstance(value, Mapping) and {"zh", "en"} <= value.keys():
        value = value[language]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= 60 else f"{text[:57]}…"
    return f"“{text}”"


def _rows(old: Any, new: Any, by: str, label: str, name: Text) -> Iterator[Text]:
    before, after = ({one.get(by): one for one in rows} for rows in (old, new))
    yield from _compared(before, after, name, lambda one: Text.of(one[label]))
    if list(before) != list(after) and set(before) == set(after):
        yield Text(f"{name.zh}的顺序改变", f"{name.en}: order changed")


def _compared(before: Any, after: Any, name: Text, call: Any) -> Iterator[Text]:
    for key, one in after.items():
        said = call(one)
        if key not in before:
            yield Text(f"新增{name.zh}“{said.zh}”", f"{name.en} added: {said.en}")
        elif before[key] != one:
            parts = "、".join(sorted(k for k in {*one, *before[key]} if one.get(k) != before[key].get(k)))
            yield Text(f"修改{name.zh}“{said.zh}”（{parts}）", f"{name.en} changed: {said.en} ({parts})")
    for key, one in before.items():
        if key not in after:
            said = call(one)
            yield Text(f"删除{name.zh}“{said.zh}”", f"{name.en} removed: {said.en}")


def _form(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Text]:
    if old.get("form_json") == new.get("form_json") and old.get("field") == new.get("field"):
        return
    before, after = _fields(old), _fields(new)
    yield from _compared(before, after, Text("表单项", "Field"), lambda one: Text.of(one["label"]))
    if list(before) != list(after) and set(before) == set(after):
        yield Text("表单项的顺序改变", "Fields: order changed")


def _fields(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    from quancheng.capabilities.designer.content import definition
    from quancheng.capabilities.services.values import form_source

    spec, _wrong = definition(content)
    if spec is None:
        return {}
    try:
        source = form_source(spec)
        rows = source.get("schema", {}).get("properties", {})
        required = source.get("schema", {}).get("required", ())
        rules = source.get("rules", ())
        return {
            key: {
                **source.get("ui", {}).get(key, {}), "schema": schema, "required": key in required,
                "rules": [one for one in rules if one.get("target") == key],
                "label": source.get("ui", {}).get(key, {}).get("label") or {"zh": key, "en": key},
            }
            for key, schema in rows.items()
        }  # fmt: skip
    except (ValueError, AttributeError, TypeError, KeyError):
        return {}


def _tables(old: str, new: str) -> Iterator[Text]:
    if old == new:
        return
    try:
        before, after = (
            {one.name: one for one in decisions.tables(decisions.opened(text, "x"))} for text in (old, new)
        )
    except QuanchengError:
        yield Text("决策表文件已更换", "The tables were replaced")
        return
    for name, one in after.items():
        if name not in before:
            yield Text(f"新增决策“{name}”", f"Decision added: {name}")
        elif before[name].expression != one.expression:
            yield from _table(name, before[name].expression, one.expression)
    for name in before:
        if name not in after:
            yield Text(f"删除决策“{name}”", f"Decision removed: {name}")


def _table(name: str, old: Any, new: Any) -> Iterator[Text]:
    if not (isinstance(old, DecisionTable) and isinstance(new, DecisionTable)):
        yield Text(f"决策“{name}”的算法改变", f"Decision {name}: its logic changed")
        return
    if old.hit_policy is not new.hit_policy:
        yield Text(
            f"决策“{name}”的命中策略由{old.hit_policy.name}改为{new.hit_policy.name}",
            f"Decision {name}: hit policy {old.hit_policy.name} to {new.hit_policy.name}",
        )
    if [one.expression for one in old.inputs] != [one.expression for one in new.inputs]:
        yield Text(f"决策“{name}”的条件列改变", f"Decision {name}: its inputs changed")
    rows = [
        [(*one.inputs, *(out.text for out in one.outputs)) for one in table.rules] for table in (old, new)
    ]
    for row in rows[1]:
        if row not in rows[0]:
            yield Text(
                f"决策“{name}”新增或修改规则：{'，'.join(row)}",
                f"Decision {name}, rule new or changed: {', '.join(row)}",
            )
    for row in rows[0]:
        if row not in rows[1]:
            yield Text(
                f"决策“{name}”不再有规则：{'，'.join(row)}", f"Decision {name}, rule gone: {', '.join(row)}"
            )


def _flow(old: str, new: str) -> Iterator[Text]:
    if old == new:
        return
    try:
        before, after = (
            {one.id: one for one in outline.outline(text)} if text else {} for text in (old, new)
        )
    except QuanchengError:
        yield Text("流程文件已更换", "The process was replaced")
        return
    if not old or not new:
        yield (
            Text("改用自己的流程", "Uses its own process now")
            if new
            else Text("改回标准流程", "Back to the standard process")
        )
        return
    for key, one in after.items():
        if key not in before:
            yield Text(f"新增步骤“{one.name}”（{one.kind.zh}）", f"Step added: {one.name} ({one.kind.en})")
        elif (before[key].name, before[key].extra, before[key].arrows) != (one.name, one.extra, one.arrows):
            yield Text(f"修改步骤“{one.name}”", f"Step changed: {one.name}")
    for key, one in before.items():
        if key not in after:
            yield Text(f"删除步骤“{one.name}”", f"Step removed: {one.name}")
