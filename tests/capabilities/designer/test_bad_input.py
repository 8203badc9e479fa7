"""Hostile and mistaken models are refused with a reason; nothing is stored."""

from __future__ import annotations

import json

import pytest

from quancheng.capabilities.designer import checking, content, decisions, diffing, formbuild, outline
from quancheng.capabilities.designer.values import Part
from quancheng.capabilities.services.values import read_spec, standard_process
from quancheng.kernel.errors import InvalidInput, TooLarge

BPMN = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'


def made(**more) -> dict:
    return content.blank("test-matter", "测试", "Test", "jn-civil") | more


@pytest.mark.parametrize(
    "text",
    [
        "", "<html/>", "not xml", f"<definitions {BPMN}>",
        f'<!DOCTYPE d [<!ENTITY a "b">]><definitions {BPMN}><process id="p">&a;</process></definitions>',
        f'<definitions {BPMN}><process id="p">' + "".join(f'<task id="t{n}"/>' for n in range(5000)) + "</process></definitions>",
    ],
)  # fmt: skip
def test_what_is_no_usable_bpmn_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        outline.parsed(text)
    assert refused.value.detail.zh and refused.value.detail.en


def test_a_circle_without_a_wait_is_found_at_its_place() -> None:
    text = (
        f'<definitions {BPMN} xmlns:qc="urn:quancheng:bpmn:1"><process id="p" isExecutable="true"><startEvent id="s"/>'
        '<serviceTask id="a" qc:service="services.notify"/><endEvent id="e"/>'
        '<exclusiveGateway id="g" default="f4"/><sequenceFlow id="f1" sourceRef="s" targetRef="g"/>'
        '<scriptTask id="b"><script>1</script></scriptTask><sequenceFlow id="f2" sourceRef="g" targetRef="b">'
        "<conditionExpression>true</conditionExpression></sequenceFlow>"
        '<sequenceFlow id="f3" sourceRef="b" targetRef="g"/><sequenceFlow id="f4" sourceRef="g" targetRef="e"/></process></definitions>'
    )
    found = checking.troubles(made(bpmn=text))
    assert any(one.part is Part.FLOW and one.blocks for one in found)


def test_a_table_with_entities_or_too_deep_feel_is_refused() -> None:
    with pytest.raises(InvalidInput):
        decisions.opened('<!DOCTYPE d [<!ENTITY a "b">]><definitions/>', "x")
    with pytest.raises(InvalidInput):
        formbuild.read_rule("(" * 5000 + "1" + ")" * 5000)


def test_a_form_that_contradicts_itself_is_told() -> None:
    source = {
        "schema": {"type": "object", "properties": {"age": {"type": "number", "minimum": 9, "maximum": 3}}, "required": ["age"]},
        "ui": {"age": {"label": {"zh": "年龄", "en": "Age"}}},
    }  # fmt: skip
    found = checking.troubles(made(form_json=json.dumps(source), field=[]))
    assert [one.part for one in found if one.blocks] == [Part.FORM]


def test_a_draft_may_not_grow_without_end() -> None:
    with pytest.raises(TooLarge):
        content.bounded(made(dmn="x" * (content.MAX_CONTENT + 1)))


def test_what_the_schema_refuses_is_told_by_part() -> None:
    found = checking.troubles(made(material=[{"key": "x"}], period={}))
    assert {one.part for one in found} == {Part.MATERIALS, Part.BASIC}
    assert all(one.blocks and one.text.zh for one in found)


def test_a_check_without_what_it_needs_is_told() -> None:
    row = {
        "id": "age",
        "check": "age_at_least",
        "text": {"zh": "年龄", "en": "Age"},
        "basis": {"zh": "法", "en": "Law"},
    }
    found = checking.troubles(made(condition=[row]))
    assert [(one.part, one.element) for one in found if one.blocks] == [(Part.CONDITIONS, "age")]


def test_a_step_is_put_on_an_arrow_changed_and_taken_away_again() -> None:
    text = standard_process()
    more = outline.inserted(text, "received__decide", "review", "消防会办")
    assert checking.blocking(checking.troubles(made(bpmn=more))) == []
    step = next(one for one in outline.outline(more) if one.name == "消防会办")
    assert [one.target for one in step.arrows] == ["decide"]
    changed = outline.updated(more, step.id, {"department": "jn-fire", "name": "消防意见"})
    assert any("消防意见" in text.zh for _part, text in diffing.changes(made(bpmn=text), made(bpmn=changed)))
    back = outline.removed_step(changed, step.id)
    assert [one.id for one in outline.outline(back)] == [one.id for one in outline.outline(text)]
    with pytest.raises(InvalidInput):
        outline.removed_step(text, "receive"), outline.removed_step(text, "correct")


def test_tables_are_tried_and_written_back_the_same() -> None:
    document = decisions.add(decisions.opened("", "x"), "年龄", "applicant.age")
    text = decisions.written(document)
    assert decisions.written(decisions.opened(text, "x")) == text
    table = decisions.element_of(document, "年龄").expression
    assert decisions.tried(table, ["67"]).value["outcome"] == "person"
    with pytest.raises(InvalidInput):
        decisions.tried(table, ["6 7 +"])


def test_fields_are_added_moved_ruled_and_dropped() -> None:
    source = formbuild.add_field(
        {"schema": {"type": "object", "properties": {}}}, "age", "number", "年龄", "Age"
    )
    source = formbuild.add_field(source, "why", "choice", "原因", "Why")
    source = formbuild.move(source, "why", -1)
    assert list(source["schema"]["properties"]) == ["why", "age"]
    source = formbuild.update_field(
        source,
        "age",
        {"zh": "年龄", "en": "Age", "required": "1", "minimum": "0", "rule_visible": 'why = "yes"'},
    )
    spec = read_spec(made(form_json=json.dumps(source), field=[]))
    assert checking.blocking(checking.troubles(spec.model_dump(mode="json", exclude_none=True))) == []
    with pytest.raises(InvalidInput):
        formbuild.update_field(source, "age", {"zh": "年龄", "en": "Age", "rule_visible": "why = "})
    assert list(formbuild.drop_field(source, "age")["schema"]["properties"]) == ["why"]
