"""Definitions: what cannot be read, and what can be read but never work."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from quancheng.core import forms
from quancheng.core.forms.patterns import pattern_problem, search
from tests.core.forms.samples import NEWBORN, changed, label, one_field


@pytest.mark.parametrize(
    ("source", "path", "words"),
    [
        ("{", "", "JSON"),
        ("[]", "", "对象"),
        ('{"schema": {}, "schema": {}}', "schema", "两次"),
        ({"pages": []}, "schema", "对象"),
        ({"schema": {}}, "schema.properties", "没有字段"),
        ({**NEWBORN, "surprise": 1}, "", "surprise"),
        (changed(ui__mother={"colour": "red"}), "ui.mother", "colour"),
        (changed(ui__mother={"widget": "slider"}), "ui.mother.widget", "slider"),
        (changed(pages=[]), "pages", "一页"),
        (changed(rules__0={"target": "mother", "kind": "dance", "feel": "true"}), "rules.0.kind", "dance"),
        (changed(rules__0={"target": "mother", "kind": "visible", "feel": " "}), "rules.0.feel", "FEEL"),
        (changed(schema__properties={"不好": {}}), "不好", "字母"),
        (changed(schema__properties__mother={"$ref": "http://evil.example/x"}), "mother", "引用"),
        (changed(schema__properties__mother={"$ref": "#/$defs/nothing"}), "mother", "引用"),
        ("[" * 100_000, "", "JSON"),
        (json.dumps({"schema": {"x" * 2_000_000: 1}}), "", "太大"),
    ],
)
def test_what_cannot_be_read(source, path, words):
    with pytest.raises(forms.FormError) as wrong:
        forms.read(source)
    assert wrong.value.path == path
    assert words in wrong.value.text.zh
    assert wrong.value.text.en


def test_local_definitions_are_put_in_and_circles_refused():
    source = one_field({"$ref": "#/$defs/short"})
    source["schema"]["$defs"] = {"short": {"type": "string", "maxLength": 3}}
    assert forms.read(source).by_path["a"].max_length == 3
    source["schema"]["$defs"] = {"short": {"$ref": "#/$defs/short"}}
    with pytest.raises(forms.FormError, match="circles"):
        forms.read(source)


def test_a_bomb_of_fields_is_refused():
    properties = {f"f{n}": {"type": "string"} for n in range(5_000)}
    started = time.process_time()
    with pytest.raises(forms.FormError, match="at most 500"):
        forms.read({"schema": {"type": "object", "properties": properties}})
    assert time.process_time() - started < 20


def problems(source: Any) -> str:
    return "\n".join(str(one) for one in forms.check(forms.read(source)))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 5, "maximum": 3}, "minimum(5) > maximum(3)"),
        ({"type": "number", "exclusiveMinimum": 3, "maximum": 3}, "自相矛盾"),
        ({"type": "integer", "minimum": 1.2, "maximum": 1.8}, "multipleOf 1"),
        ({"type": "number", "minimum": 1, "maximum": 2, "multipleOf": 5}, "multipleOf 5"),
        ({"type": "number", "minimum": 5, "allOf": [{"maximum": 3}]}, "自相矛盾"),
        ({"type": "string", "allOf": [{"type": "integer"}]}, "allOf: type"),
        ({"type": "string", "minLength": 9, "maxLength": 3}, "minLength(9) > maxLength(3)"),
        ({"type": "string", "enum": []}, "enum 是空的"),
        ({"type": "string", "enum": ["x"], "const": "y"}, "const 不在 enum"),
        ({"type": "string", "enum": ["xx", "yy"], "maxLength": 1}, "自相矛盾"),
        ({"type": "string", "enum": ["x", "yy"], "maxLength": 1}, "永远不会被接受：yy"),
        ({"type": "string", "const": 3}, "const"),
        ({"type": "string", "default": 3}, "默认值"),
        ({"type": "string", "oneOf": [{"const": "x"}, {"const": "x"}]}, "重复"),
        ({"type": "string", "pattern": "("}, "正则写错"),
        ({"type": "string", "pattern": "^(a+)+$"}, "灾难性回溯"),
        ({"type": "string", "minLenght": 3}, "minLenght"),
        ({"type": "sting"}, "不是正确的 JSON Schema"),
        (False, "自相矛盾"),
        ({"type": "object", "properties": {}}, "分组里没有字段"),
    ],
)
def test_a_schema_that_contradicts_itself(schema, words):
    assert words in problems(one_field(schema))


@pytest.mark.parametrize(
    ("ui", "schema", "words"),
    [
        ({"widget": "number"}, {"type": "string"}, "类型"),
        ({"widget": "choice"}, {"type": "string"}, "没有选项"),
        ({"locked": True}, {"type": "string"}, "prefill"),
        ({"widget": "file", "accept": ["exe"]}, {}, "exe"),
        ({"options": {"x": {"zh": "甲", "en": "A"}}}, {"type": "string", "enum": ["y"]}, "没有选项“x”"),
    ],
)
def test_a_field_that_does_not_fit(ui, schema, words):
    assert words in problems(one_field(schema, ui))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema__required": ["mother", "father"]}, "必填的“father”"),
        ({"ui__father": label("父亲")}, "没有字段“father”"),
        ({"ui__mother": {}}, "label"),
        ({"pages__0": {"key": "x", "title": {"zh": "一", "en": "x"}, "fields": ["father"]}}, "没有字段“father”"),
        ({"pages__0": {"key": "child", "title": {"zh": "一", "en": "x"}, "fields": ["mother"]}}, "重复"),
        ({"pages__0__fields": ["mother"]}, "不在任何分页"),
        ({"rules__0": {"target": "father", "kind": "visible", "feel": "true"}}, "没有字段“father”"),
        ({"rules__0": {"target": "mother", "kind": "visible", "feel": "father = 1"}}, "不存在的名字“father”"),
        ({"rules__0": {"target": "mother", "kind": "visible", "feel": "1 +"}}, "rules.0.feel"),
        ({"rules__0": {"target": "mother", "kind": "value", "feel": "mother"}}, "循环依赖：mother"),
        ({"rules__0": {"target": "married", "kind": "visible", "feel": 'spouse = "x"'}}, "循环依赖"),
        ({"rules__0": {"target": "children[].name", "kind": "visible", "feel": "number > 0"}}, "循环依赖"),
        ({"rules__0": {"target": "number", "kind": "value", "feel": "1"}}, "两条计算规则"),
        ({"rules__0": {"target": "mother", "kind": "visible", "feel": "1 = 2"}}, "永远不成立"),
        ({"rules__0": {"target": "mother", "kind": "visible", "feel": 'married = "maybe"'}}, "永远不成立"),
        ({"rules__0": {"target": "plate", "kind": "valid", "feel": "false",
                       "message": {"zh": "不", "en": "no"}}}, "永远不通过"),
        ({"rules__0": {"target": "plate", "kind": "valid", "feel": 'plate != ""'}}, "message"),
        ({"rules__0": {"target": "mother", "kind": "options", "feel": '["x"]'}}, "选择题"),
        ({"pages__1__visible": "false"}, "这一页永远不会出现"),
        ({"rules__0": {"target": "mother", "kind": "visible", "feel": "form = 1"}}, "“form”"),
        ({"rules__0": {"target": "mother", "kind": "visible", "feel": 'number("1") = 1'}}, "同名"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_work(change, words):
    assert words in problems(changed(**change))


def test_reserved_names_are_refused():
    source = one_field({"type": "string"})
    source["schema"]["properties"]["today"] = {"type": "string"}
    source["ui"]["today"] = label("今天")
    assert "保留的名字" in problems(source)


def test_a_feel_bomb_is_refused_where_it_is_written():
    deep = "(" * 500 + "1" + ")" * 500
    assert "rules.0.feel" in problems(changed(rules__0={"target": "mother", "kind": "visible", "feel": deep}))
    endless = "count(for i in 1..1000000 return i) > 0"
    source = changed(rules__0={"target": "mother", "kind": "visible", "feel": endless})
    started = time.process_time()
    assert "rules.0.feel" in problems(source)
    with pytest.raises(forms.FormError) as wrong:
        forms.state(forms.read(source), {})
    assert wrong.value.path == "rules.0"
    assert time.process_time() - started < 30


# -- patterns -------------------------------------------------------------------------------------
GOOD_PATTERNS = [
    r"^\d{6}$", r"^[\w.]+@[\w.]+\.\w+$", r"^鲁[A-Z][A-Z0-9]{5,6}$", r"^(?:a|b)*$", r"^0\d{2,3}-?\d{7,8}$",
    r"[A-Z]+", r"^[一-龥]{2,20}$",
]  # fmt: skip
BAD_PATTERNS = [
    "(", "*", r"(a+)+", r"(a*)*b", r"(a|aa)+b", r"(a|a)*b", r"([a-z]+)*@", r"\d*\d*\d*\d*x", r"(?=a)b", r"(a)\1",
    r"(?P<x>a)", r"a\Z", r"(?i)a", "a" * 501,
]  # fmt: skip


@pytest.mark.parametrize("pattern", GOOD_PATTERNS)
def test_usual_patterns_pass_and_are_quick_on_hostile_answers(pattern):
    assert pattern_problem(pattern, 200) is None
    started = time.process_time()
    for hostile in ("a" * 200 + "!", "1" * 200 + "x", "a.a" * 66 + "@", "ab" * 100 + "c"):
        search(pattern, hostile)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("pattern", BAD_PATTERNS)
def test_dangerous_or_foreign_patterns_are_refused(pattern):
    found = pattern_problem(pattern, 200)
    assert found is not None
    assert found.zh
    assert found.en


def test_classes_are_those_of_browsers():
    assert not search(r"^\d+$", "１２")
    assert search(r"^\d+$", "12")
