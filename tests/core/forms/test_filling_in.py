"""Filling in a form: what shows, what is computed, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core import forms
from tests.core.forms.samples import ENV, GOOD, NEWBORN, one_field

FORM = forms.read(NEWBORN)


def wrong(**changes: Any) -> dict[str, str]:
    answers = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return {path: text.zh for path, text in forms.validate(FORM, answers, env=ENV).items()}


def test_the_sample_has_no_problem_and_good_answers_no_error():
    assert forms.check(FORM) == []
    assert wrong() == {}


def test_computed_fields_follow_the_answers():
    found = forms.state(FORM, GOOD, ENV)
    assert found.computed == {"number": 1, "total": 3200}
    assert found.answers["number"] == 1
    two = [*GOOD["children"], {"name": "李二", "born": "2026-11-01", "weight": 2900}]
    assert forms.state(FORM, {**GOOD, "children": two, "number": 77}, ENV).computed["total"] == 6100


def test_hidden_fields_are_not_kept_nor_required():
    found = forms.state(FORM, {**GOOD, "married": "no"}, ENV)
    assert "spouse" not in found.answers
    assert "wedding" not in found.answers
    assert "spouse" not in found.visible
    assert wrong(married="no", spouse=None, wedding=None) == {}
    assert wrong(spouse=None) == {"spouse": "请填写配偶"}


def test_rules_inside_a_repeating_group_look_at_their_own_item():
    children = [
        {"name": "李一", "born": "2026-11-01", "weight": 1400},
        {"name": "李二", "born": "2026-11-01", "weight": 2000, "note": "早产"},
        {"name": "李三", "born": "2027-11-01", "weight": 3000, "note": "不会留下"},
    ]
    found = forms.state(FORM, {**GOOD, "children": children}, ENV)
    assert {path for path in found.visible if path.endswith("note")} == {"children.0.note", "children.1.note"}
    assert found.answers["children"][1]["note"] == "早产"
    assert "note" not in found.answers["children"][2]
    assert wrong(children=children) == {
        "children.0.note": "请填写说明",
        "children.2.born": "出生日期不能晚于今天",
    }


def test_options_follow_the_answers():
    assert [one.value for one in forms.state(FORM, GOOD, ENV).options["benefit"]] == ["one", "none"]
    assert wrong(benefit="many") == {"benefit": "请从列出的选项中选择补贴"}
    assert wrong(benefit="one") == {}


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"mother": None}, "mother", "请填写母亲姓名"),
        ({"mother": "王" * 31}, "mother", "最多30个字"),
        ({"mother_id": "110105194912310021"}, "mother_id", "校验"),
        ({"married": "perhaps"}, "married", "请从列出的选项中选择"),
        ({"married": None}, "married", "请选择是否结婚"),
        ({"wedding": "2020-02-30"}, "wedding", "真实日期"),
        ({"wedding": "2027-01-01"}, "wedding", "不能晚于今天"),
        ({"children": []}, "children", "孩子至少填1项"),
        ({"children": [{"name": "一", "born": "2026-11-01"}]}, "children.0.name", "至少2个字"),
        ({"children": [{"name": "李一", "born": "x"}]}, "children.0.born", "真实日期"),
        ({"children": [{"name": "李一", "born": "2026-11-01", "weight": 20}]}, "children.0.weight", "不小于300"),
        ({"children": [{"name": "李一", "born": "2026-11-01", "weight": "3.5"}]}, "children.0.weight", "整数"),
        ({"children": [{"name": "李一", "born": "2026-11-01"}] * 5}, "children", "最多4项"),
        ({"contact": None}, "contact.phone", "请填写电话"),
        ({"contact": {"phone": "123"}}, "contact.phone", "11位手机号"),
        ({"plate": "京A12345"}, "plate", "格式不对"),
        ({"truthful": False}, "truthful", "请勾选"),
    ],
)  # fmt: skip
def test_each_error_says_where_and_what(change, path, words):
    found = wrong(**change)
    assert words in found[path], found
    english = forms.validate(
        FORM, {key: value for key, value in {**GOOD, **change}.items() if value is not None}, env=ENV
    )
    assert english[path].en.isascii()


def test_a_page_is_checked_alone_and_in_order():
    assert list(forms.validate(FORM, {}, "parents", ENV)) == ["mother", "married"]
    assert list(forms.validate(FORM, {}, env=ENV)) == [
        "mother", "married", "children", "contact.phone", "truthful",
    ]  # fmt: skip


def test_a_page_that_does_not_show_asks_nothing():
    source = one_field(
        {"type": "string"},
        pages=[
            {"key": "one", "title": {"zh": "一", "en": "One"}, "fields": ["b"]},
            {"key": "two", "title": {"zh": "二", "en": "Two"}, "fields": ["a"], "visible": 'b = "more"'},
        ],
    )
    form = forms.read(source)
    assert forms.check(form) == []
    assert forms.validate(form, {"b": "no"}) == {}
    assert list(forms.validate(form, {"b": "more"})) == ["a"]
    assert forms.state(form, {"b": "more"}).pages == ("one", "two")


def test_what_people_type_is_understood():
    typed = {
        **GOOD,
        "wedding": "2020年5月20日",
        "mother_id": " 11010519491231002x ",
        "contact": {"phone": "139 0000 1111"},
        "children": {"0": {"name": "李一", "born": "２０２６/11/1", "weight": "3,200"}, "3": {"name": "  "}},
        "truthful": "on",
        "nobody": "asked for this",
    }
    found = forms.state(FORM, typed, ENV)
    assert found.answers["wedding"] == "2020-05-20"
    assert found.answers["mother_id"] == "11010519491231002X"
    assert found.answers["contact"]["phone"] == "13900001111"
    assert found.answers["children"] == [{"name": "李一", "born": "2026-11-01", "weight": 3200}]
    assert "nobody" not in found.answers
    assert forms.validate(FORM, typed, env=ENV) == {}


def test_conditional_parts_of_the_schema_hold_too():
    source = one_field({"type": "string", "enum": ["x", "y"]}, required=False)
    source["schema"]["if"] = {"properties": {"a": {"const": "x"}}, "required": ["a"]}
    source["schema"]["then"] = {"required": ["b"]}
    form = forms.read(source)
    assert forms.check(form) == []
    assert {path: text.en for path, text in forms.validate(form, {"a": "x"}).items()} == {"b": "Enter B"}
    assert forms.validate(form, {"a": "y"}) == {}


def test_rules_may_look_at_the_applicant_and_dated_parameters():
    source = one_field(
        {"type": "string"},
        rules=[
            {"target": "a", "kind": "visible", "feel": 'applicant.age >= get value(parameters, "city.age")'},
            {"target": "b", "kind": "visible", "feel": 'form.a = "open"'},
        ],
    )
    form = forms.read(source)
    assert forms.check(form) == []
    for age, shows in ((59, False), (60, True)):
        env = forms.Environment(applicant={"age": age}, parameters={"city.age": 60})
        assert ("a" in forms.state(form, {"a": "open"}, env).visible) is shows
        assert ("b" in forms.state(form, {"a": "open"}, env).visible) is shows, "hidden answers count as none"


def test_multiple_choice_and_files():
    source = one_field({"type": "array", "items": {"type": "string", "enum": ["x", "y"]}, "minItems": 1})
    source["schema"]["properties"]["f"] = {"minItems": 1, "maxItems": 2}
    source["schema"]["required"].append("f")
    source["ui"]["f"] = {"label": {"zh": "照片", "en": "Photo"}, "widget": "file", "accept": ["jpeg", "pdf"]}
    form = forms.read(source)
    assert forms.check(form) == []
    assert forms.read(source).by_path["f"].accept == ("image/jpeg", "application/pdf")
    one = {"name": "a.jpg", "type": "image/jpeg", "size": 3}
    assert list(forms.validate(form, {"a": ["x"]})) == ["f"]
    assert forms.validate(form, {"a": "x", "f": [one]}) == {}
    assert "最多2个文件" in forms.validate(form, {"a": ["x"], "f": [one] * 3})["f"].zh
    assert "选择" in forms.validate(form, {"a": ["z"], "f": [one]})["a"].zh


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["yes", "no"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "born", "weight", "0", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*GOOD, "number", "benefit", "plate", "zzz"]), VALUES, max_size=8))
def test_odd_answers_give_errors_never_faults(answers):
    found = forms.state(FORM, answers, ENV)
    if not forms.typed(FORM, answers).problems:
        again = forms.state(FORM, found.answers, ENV)
        assert again.answers == found.answers, "what was understood is understood again"
    assert set(found.answers) <= {one.key for one in FORM.fields}
    for path, text in forms.validate(FORM, answers, env=ENV).items():
        assert text.zh, path
        assert text.en


def test_too_much_is_refused():
    with pytest.raises(forms.FormError, match="items"):
        forms.state(FORM, {"children": [{"name": "x"}] * 201})
