"""Documents from strangers: what is kept when they are good, what is said when they are not."""

from __future__ import annotations

import pytest

from quancheng.core import flow

from .bpmn import flows, xml
from .test_gateways import SE, users

VENDOR = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- made elsewhere -->
<b:definitions xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:v="urn:vendor" v:colour="red"
 targetNamespace="urn:x"><b:process id="P"><b:extensionElements><v:box><v:deep a="1">text<![CDATA[ <x> ]]></v:deep>
</v:box></b:extensionElements><b:startEvent id="s" v:size="3"/><b:endEvent id="e"/>
<b:sequenceFlow id="f" sourceRef="s" targetRef="e"/></b:process><v:unknown/></b:definitions>"""


def test_what_vendors_add_survives() -> None:
    definitions = flow.read(VENDOR)
    written = flow.write(definitions)
    for part in (b"made elsewhere", b'v:colour="red"', b"<![CDATA[ <x> ]]>", b"<v:unknown/>", b'v:size="3"'):
        assert part in written
    assert flow.write(flow.read(written)) == written
    made = flow.compile(definitions)
    assert made.element("s").extra == {"{urn:vendor}size": "3"}
    assert definitions.processes == ("P",)
    assert definitions.target_namespace == "urn:x"


def test_the_attributes_of_the_house_are_given() -> None:
    body = SE + (
        '<userTask id="a" name="受理" qc:side="office" qc:days="food.accept"><documentation>先看材料。</documentation>'
        "<extensionElements><qc:outcomes>approve refuse</qc:outcomes></extensionElements></userTask>"
    )
    made = flow.compile(flow.read(xml(body, "s -> a -> e")))
    task = made.element("a")
    assert (task.name, task.documentation, task.kind) == ("受理", "先看材料。", flow.Kind.USER)
    assert task.extra == {"side": "office", "days": "food.accept", "outcomes": "approve refuse"}
    with pytest.raises(KeyError):
        made.element("zzz")


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"text",
        b"<a/>",
        b"<definitions/>",
        b"<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode("utf-16"),
        b"<?xml version='1.0'?>\n" + b" " * 5000 + b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_harmless_bpmn_is_refused(bad: bytes) -> None:
    with pytest.raises(flow.BpmnError) as refused:
        flow.read(bad)
    assert refused.value.text.zh and refused.value.text.en


def test_comments_and_documentation_are_no_part_of_an_expression() -> None:
    body = SE + '<userTask id="a"/><exclusiveGateway id="x" default="x_a"/>'
    odd = xml(body, "s -> a -> x; x -> e [ok]; x -> a").replace(
        b">ok<", b"><documentation>when</documentation><!-- is it? -->ok<!-- yes --> = true<"
    )
    made = flow.compile(flow.read(odd))
    assert [f.condition.text for f in made.flows if f.condition is not None] == ["ok = true"]


def test_documents_too_large_or_too_deep_are_refused() -> None:
    names = [f"t{number}" for number in range(5000)]
    large = xml(SE + users(*names), "s -> " + " -> ".join(names) + " -> e")
    with pytest.raises(flow.BpmnError, match="2000"):
        flow.read(large)
    assert len(flow.compile(flow.read(large, flow.Limits(max_elements=20_000))).nodes) == 5003
    with pytest.raises(flow.BpmnError):
        flow.read(large, flow.Limits(max_bytes=1000))
    deep = xml("<extensionElements>" + "<qc:x>" * 150 + "</qc:x>" * 150 + "</extensionElements>")
    with pytest.raises(flow.BpmnError):
        flow.read(deep)
    deeper = xml("<extensionElements>" + "<qc:x>" * 5000 + "</qc:x>" * 5000 + "</extensionElements>")
    with pytest.raises(flow.BpmnError):
        flow.read(deeper)


def test_a_document_of_several_processes_must_say_which() -> None:
    two = xml(SE, "s -> e").replace(
        b"</definitions>",
        b'<process id="Q" isExecutable="true"><startEvent id="qs"/><endEvent id="qe"/>'
        + flows("qs -> qe").encode()
        + b"</process></definitions>",
    )
    definitions = flow.read(two)
    assert flow.check(definitions) == []
    with pytest.raises(flow.NotExecutable) as refused:
        flow.compile(definitions)
    assert [p.code for p in refused.value.problems] == ["several-processes"]
    assert flow.compile(definitions, "Q").process == "Q"
    called = two.replace(b'<endEvent id="e"/>', b'<endEvent id="e"/><callActivity id="c" calledElement="Q"/>')
    called = called.replace(b'targetRef="e"', b'targetRef="c"').replace(
        b'<process id="Q"', b'<!-- the called one --><process id="Q"'
    )
    called = called.replace(b"</process><!--", flows("c -> e").encode() + b"</process><!--")
    assert flow.compile(flow.read(called)).process == "P"
    for missing in ("Z", "s"):
        with pytest.raises(flow.NotExecutable):
            flow.compile(definitions, missing)
    assert [p.code for p in flow.check(flow.read(xml("")))] == ["no-process"]


def test_labels_and_diagrams_do_not_make_another_version() -> None:
    first = flow.compile(flow.read(xml(SE + '<userTask id="a" name="受理"/>', "s -> a -> e")))
    second = flow.compile(flow.read(xml(SE + '<userTask id="a" name="审核"/>', "s -> a -> e")))
    third = flow.compile(flow.read(xml(SE + '<userTask id="a" qc:side="office"/>', "s -> a -> e")))
    assert first.digest == second.digest != third.digest


def test_a_digest_stays_what_it_was() -> None:
    """Stored cases are found by it: whoever changes this must migrate every running case."""
    made = flow.compile(
        flow.read(
            xml(
                SE
                + '<userTask id="a" name="受理" qc:side="office"/><exclusiveGateway id="x" default="x_e"/>',
                's -> a -> x; x -> a [outcome = "return"]; x -> e',
            )
        )
    )
    assert made.digest == "532b9aefe96b"


def test_labels_of_the_wrong_encoding_are_forgiven() -> None:
    odd = b'\n<?xml version="1.0" encoding="utf-16"?>' + xml(
        SE + '<userTask id="a" name="\u53d7\u7406"/>', "s -> a -> e"
    )
    assert flow.compile(flow.read(odd)).element("a").name == "受理"
