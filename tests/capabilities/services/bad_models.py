"""Definitions no city should have in force: each with the element at fault and a word of the reason."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

from tests.capabilities.services import form_matter
from tests.core.flow.bpmn import xml

OFFICE = (
    '<userTask id="ask" name="审查" qc:side="office" qc:status="submitted" qc:outcomes="approve refuse"/>'
)
ENDS = '<startEvent id="start"/><endEvent id="end" qc:status="completed"/>'
PATH = "start -> ask -> end"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@dataclass(frozen=True)
class Bad:
    """What to change of a good matter, who is to blame, and a word of the reason in Chinese."""

    name: str
    change: dict[str, Any]
    element: str
    words: str


def bpmn(body: str = ENDS + OFFICE, path: str = PATH, root: str = "") -> str:
    return xml(body, path, root).decode()


def gated(condition: str) -> str:
    """A process in which the condition is asked after the office has spoken."""
    body = (
        ENDS
        + OFFICE
        + '<exclusiveGateway id="gate" default="gate_end"/><endEvent id="other" qc:status="refused"/>'
    )
    return bpmn(body, f"start -> ask -> gate -> end; gate -> other [{condition}]")


def dmn(body: str) -> str:
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">'
        '<inputData id="form" name="form"><variable name="form" typeRef="Any"/></inputData>'
        f"{body}</definitions>"
    )


def literal(name: str, text: str, needs: str = "form") -> str:
    kind = "requiredInput" if needs == "form" else "requiredDecision"
    asked = f'<informationRequirement><{kind} href="#{needs}"/></informationRequirement>'
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<decision id="{name}" name="{name}"><variable name="{name}"/>{asked}'
        f"<literalExpression><text>{text}</text></literalExpression></decision>"
    )


def table(*cells: str) -> str:
    rules = "".join(
        f"<rule><inputEntry><text>{cell}</text></inputEntry><outputEntry><text>{n}</text></outputEntry></rule>"
        for n, cell in enumerate(cells)
    )
    return (
        '<decision id="amount" name="amount"><variable name="amount" typeRef="number"/>'
        '<informationRequirement><requiredInput href="#form"/></informationRequirement>'
        '<decisionTable hitPolicy="UNIQUE"><input><inputExpression typeRef="number"><text>form.age</text>'
        f"</inputExpression></input><output/>{rules}</decisionTable></decision>"
    )


def form(*, rules: tuple[dict[str, Any], ...] = (), **properties: dict[str, Any]) -> str:
    """The good form with other properties and more rules."""
    made = copy.deepcopy(form_matter.FORM)
    for key, schema in properties.items():
        made["schema"]["properties"][key] = schema
    made["rules"] += rules
    return json.dumps(made, ensure_ascii=False)


def condition(check: str, **options: Any) -> dict[str, Any]:
    row = copy.deepcopy(form_matter.content()["condition"][0])
    return {"condition": [{**row, "check": check, "options": options}]}


def long_chain(count: int) -> str:
    tasks = "".join(f'<task id="t{n}"/>' for n in range(count))
    return bpmn(
        ENDS + OFFICE + tasks, "start -> ask -> " + " -> ".join(f"t{n}" for n in range(count)) + " -> end"
    )


PROCESSES = (
    Bad("cycle", {"bpmn": bpmn(
        ENDS + OFFICE + '<exclusiveGateway id="a" default="a_b"/><exclusiveGateway id="b" default="b_a"/>',
        "start -> ask -> a -> b -> a; b -> end [outcome = 1]")}, "a", "循环"),
    Bad("no-end", {"bpmn": bpmn(
        ENDS + OFFICE + '<userTask id="x" qc:side="office"/><exclusiveGateway id="g"/>',
        "start -> ask -> g -> x -> g; g -> ask")}, "end", "没有任何路径"),
    Bad("unreachable", {"bpmn": bpmn(ENDS + OFFICE + '<task id="island"/>', PATH)}, "island", "没有任何路径"),
    Bad("5000-elements", {"bpmn": long_chain(5000)}, "flow", "400000"),
    Bad("3800-short-elements", {"bpmn": long_chain(1900)}, "flow", "2000"),
    Bad("laughs", {"bpmn": f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]>' + bpmn().replace("审查", "&l9;")}, "flow", "文档类型声明"),
    Bad("entity-of-a-file", {"bpmn": '<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + bpmn().replace("审查", "&f;")}, "flow", "文档类型声明"),
    Bad("html", {"bpmn": "<html><body>流程</body></html>"}, "flow", "BPMN"),
    Bad("json", {"bpmn": '{"process": 1}'}, "flow", "XML"),
    Bad("half", {"bpmn": bpmn()[:300]}, "flow", "XML"),
    Bad("deep", {"bpmn": "<a>" * 20_000}, "flow", ""),
    Bad("service", {"bpmn": bpmn(ENDS + OFFICE + '<serviceTask id="pay" qc:service="bank.pay"/>', "start -> ask -> pay -> end")}, "pay", "bank.pay"),
    Bad("no-service", {"bpmn": bpmn(ENDS + OFFICE + '<serviceTask id="pay"/>', "start -> ask -> pay -> end")}, "pay", "服务"),
    Bad("no-side", {"bpmn": bpmn(ENDS + OFFICE + '<userTask id="who"/>', "start -> ask -> who -> end")}, "who", "由谁办理"),
    Bad("status", {"bpmn": bpmn().replace("completed", "finished")}, "end", "finished"),
    Bad("no-office", {"bpmn": bpmn(ENDS + '<userTask id="ask" qc:side="applicant"/>')}, "flow", "无人能作出决定"),
    Bad("decision", {"bpmn": bpmn(ENDS + OFFICE + '<businessRuleTask id="rule" qc:decision="资格"/>', "start -> ask -> rule -> end")}, "rule", "资格"),
    Bad("feel-syntax", {"bpmn": gated("age >")}, "gate_other", ""),
    Bad("feel-deep", {"bpmn": gated("(" * 9_000 + "1" + ")" * 9_000)}, "gate_other", ""),
    Bad("feel-long", {"bpmn": gated("1" * 20_001)}, "gate_other", ""),
)  # fmt: skip
TABLES = (
    Bad("overlap", {"dmn": dmn(table("[0..20]", "[10..30]"))}, "amount", "重叠"),
    Bad("circle", {"dmn": dmn(literal("one", "two + 1", "two") + literal("two", "one + 1", "one"))}, "one", "循环"),
    Bad("dmn-html", {"dmn": "<html/>"}, "decisions", "DMN"),
    Bad("dmn-laughs", {"dmn": f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]>' + dmn(literal("one", "&l9;"))}, "decisions", ""),
    Bad("dmn-syntax", {"dmn": dmn(literal("one", "1 +"))}, "one", ""),
    Bad("dmn-deep", {"dmn": dmn(literal("one", "[" * 9_000))}, "one", ""),
    Bad("dmn-large", {"dmn": dmn(literal("one", "1 + " * 120_000 + "1"))}, "decisions", "超过"),
)  # fmt: skip
FORMS = (
    Bad("form-json", {"form_json": "{"}, "form", "读不了"),
    Bad("form-list", {"form_json": "[]"}, "form", ""),
    Bad("lengths", {"form_json": form(phone={"type": "string", "minLength": 9, "maxLength": 3})}, "phone", ""),
    Bad("numbers", {"form_json": form(phone={"type": "number", "minimum": 9, "maximum": 3})}, "phone", ""),
    Bad("nothing-to-choose", {"form_json": form(married={"type": "string", "enum": []})}, "married", ""),
    Bad("circle-of-rules", {"form_json": form(
        rules=({"target": "phone", "kind": "visible", "feel": 'married = "yes"'},
               {"target": "married", "kind": "visible", "feel": "phone != null"}))}, "phone", "循环"),
    Bad("required-never-seen", {"form_json": form(rules=({"target": "phone", "kind": "visible", "feel": "false"},))}, "phone", "永远不"),
    Bad("unknown-name", {"form_json": form(rules=({"target": "phone", "kind": "visible", "feel": "weather = 1"},))}, "rules.5", "weather"),
    Bad("unknown-target", {"form_json": form(rules=({"target": "moon", "kind": "visible", "feel": "true"},))}, "rules.5", "moon"),
    Bad("regex", {"form_json": form(phone={"type": "string", "pattern": "(a+)+$("})}, "phone", ""),
)  # fmt: skip
CONDITIONS = (
    Bad("unknown-check", condition("astrology"), "adult", "astrology"),
    Bad("unknown-decision", condition("decision", decision="资格"), "adult", "资格"),
)
ALL = PROCESSES + TABLES + FORMS + CONDITIONS

BOMBS = (
    "9 ** 9 ** 9 ** 9 > 1",
    "count(for a in 1..1000000000 return a) > 1",
    "some a in 1..1000, b in 1..1000, c in 1..1000 satisfies a > b + c + 5000",
    'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "(a*)*\\1b")',
    'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")',
    "{f: function(n) f(n), r: f(1)}.r = 1",
    "{f: function(n) f(n) + f(n), r: f(1)}.r = 1",
    'string length(string join(for i in 1..60 return if i = 1 then "ab" else partial[-1] + partial[-1])) > 1',
    "count(flatten(for i in 1..60 return if i = 1 then [1, 1] else [partial[-1], partial[-1]])) > 1",
    "count(for a in 1..10, b in 1..1000000 return a) > 1",
)
"""Sound as FEEL and of a civil length; what matters is what they cost."""
