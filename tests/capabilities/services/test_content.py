"""The matters as content: every number is a cited parameter, every name exists, tables and processes run."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from quancheng.capabilities.people import tree
from quancheng.capabilities.services import ladder, spec, sync
from quancheng.capabilities.services.elements import Rung
from quancheng.core import flow
from quancheng.core.rules import RuleBook

RESOURCES = Path(spec.__file__).parent / "resources"
RULES = ("parameters", "periods", "deadlines", "standards", "cases")
BOOK = RuleBook.from_toml_dicts(
    tomllib.loads((RESOURCES / f"{name}.toml").read_text("utf-8")) for name in RULES
)
SPECS = {path.stem: spec.read_spec(sync.load(path)) for path in sorted(RESOURCES.glob("*-*.toml"))}
NEW = {
    "birth-certificate", "newborn-household", "newborn-insurance", "newborn-social-card", "vaccination-record",
    "business-licence", "fire-inspection", "drainage-permit", "pension-review", "retiree-insurance",
    "fund-withdrawal-retired", "elder-allowance", "disability-subsidy", "unemployment-benefit",
    "marriage-registration", "id-card-renewal", "school-enrolment", "property-transfer",
}  # fmt: skip
TODAY = date(2026, 11, 22)
QC = "{urn:quancheng:bpmn:1}"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMN_FILES = sorted(RESOURCES.glob("*.bpmn"))


def in_force(rule: str) -> bool:
    found = BOOK.find(rule, on=TODAY, region="370100")
    return bool(found.rule.citation and found.rule.authority)


def texts_of(value: Any):
    """Every Chinese text of a definition."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "zh":
                yield one
            elif key not in {"bpmn", "dmn", "form_json"}:
                yield from texts_of(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_of(one)


# -- elements ---------------------------------------------------------------------------------------
def test_the_matters_of_the_contract_are_there_and_declared():
    assert set(SPECS) >= NEW
    manifest = tomllib.loads((RESOURCES.parent / "module.toml").read_text("utf-8"))
    assert {f"resources/{code}.toml" for code in SPECS} == {row["file"] for row in manifest["matter"]}
    assert {f"resources/{name}.toml" for name in RULES} <= {row["file"] for row in manifest["parameters"]}


@pytest.mark.parametrize("code", sorted(NEW))
def test_a_new_matter_has_all_national_elements(code):
    matter = SPECS[code]
    assert re.fullmatch(r"370\d\dQC\d{5}", matter.basic_code), "an invented code shows that it is invented"
    assert matter.simulated
    assert matter.levels
    assert matter.halls
    assert all(hall.windows for hall in matter.halls)
    assert len(matter.faq) >= 3
    assert len(matter.keywords) >= 5
    assert matter.condition
    assert matter.material
    assert matter.refusal
    assert matter.online == (matter.visits == 0)
    assert set(matter.result.sample) <= set(matter.result.items)


def test_codes_and_licences_are_used_once():
    codes = [one.basic_code for one in SPECS.values() if one.basic_code]
    kinds = [kind for one in SPECS.values() for kind in one.licence_type]
    assert len(codes) == len(set(codes))
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert len({kind.prefix for kind in kinds}) == len(kinds)
    for one in SPECS.values():
        items = {item.key for kind in one.licence_type for item in kind.items}
        assert set(one.result.items) <= items or not one.result.licence, one.code


@pytest.mark.parametrize("code", SPECS)
def test_every_name_a_matter_uses_exists(code):
    matter = SPECS[code]
    zones = {row["code"] for row in tomllib.loads((RESOURCES / "zones.toml").read_text("utf-8"))["zone"]}
    departments = {row.code for row in tree.nodes()}
    licences = {kind.code for one in SPECS.values() for kind in one.licence_type} | {"disability-card"}
    assert set(matter.zones) <= zones
    assert matter.department.follows in departments
    for row in matter.material:
        for way in row.ladder:
            assert way.department is None or way.department in departments
            assert way.licence is None or way.licence in licences, f"nobody issues {way.licence}"
    names = decisions(matter.dmn) if matter.dmn else set()
    for row in matter.condition:
        assert row.check != "decision" or row.options["decision"] in names


@pytest.mark.parametrize("code", SPECS)
def test_every_number_is_a_cited_parameter(code):
    matter = SPECS[code]
    rules = [matter.period.legal, matter.period.promised, matter.result.validity_years]
    rules += [item.amount for item in matter.fee.items]
    rules += [rule for row in matter.material for way in row.ladder for rule in (way.days, way.limits)]
    rules += [row.options.get("parameter") for row in matter.condition]
    rules += re.findall(r'get value\(parameters, "([a-z_.]+)"\)', matter.dmn)
    rules += re.findall(r'qc:(?:days|workingDays)="([^"]+)"', matter.bpmn)
    assert all(in_force(rule) for rule in rules if rule)


def test_parameters_agree_with_each_other():
    assert BOOK.check() == ()


@pytest.mark.parametrize("code", sorted(NEW | {"food-business"}))
def test_chinese_is_written_with_chinese_punctuation(code):
    for text in texts_of(SPECS[code].model_dump(mode="json", exclude_none=True)):
        assert not re.search(r"[\u4e00-\u9fff][,:;?!()]|[,;?!()][\u4e00-\u9fff]", text), text


# -- the same fact has the same name -----------------------------------------------------------------
def test_one_fact_has_one_name_across_matters():
    """A one-thing asks each fact once, so a key means the same wherever it is used."""
    kinds = defaultdict(set)
    for code in NEW | {"food-business"}:
        for row in SPECS[code].field:
            if row.key not in {
                "category",
                "reason",
                "choice",
                "truthful",
                "firm_name",
                "legal_representative",
            }:
                kinds[row.key].add(
                    (row.kind, row.label.zh.split("（")[0].removeprefix("新生儿").removeprefix("儿童"))
                )
    assert {key: found for key, found in kinds.items() if len({kind for kind, _ in found}) > 1} == {}
    newborn = [
        {row.key for row in SPECS[code].field} for code in sorted(NEW) if "newborn" in SPECS[code].zones
    ]
    assert len(newborn) == 5
    assert all({"child_name", "child_sex", "child_birth_date"} <= keys for keys in newborn)
    restaurant = [{row.key for row in SPECS[code].field} for code in
                  ("food-business", "fire-inspection", "drainage-permit", "business-licence")]  # fmt: skip
    assert all(
        {"firm_name", "premises_address", "premises_area", "legal_representative"} <= keys
        for keys in restaurant
    )


# -- the ladder of all matters -------------------------------------------------------------------------
def test_the_new_matters_reach_the_target_and_say_so_honestly():
    found = ladder.rate(SPECS[code] for code in sorted(NEW))
    assert found.percent is not None
    assert found.percent >= 90
    rungs = {ladder.resolve(row, None).rung for one in SPECS.values() for row in one.material}
    assert rungs >= {Rung.DROPPED, Rung.QUERY, Rung.VERIFY, Rung.PROMISE, Rung.ONLINE}
    for one in SPECS.values():
        for row in one.material:
            if one.online and row.issuer == "organ" and row.exempt is None:
                assert ladder.resolve(row, ladder.Known()).rung is not None, (
                    f"{one.code} {row.key}: a dead end"
                )


def decisions(text: str) -> set[str]:
    root = etree.fromstring(text.encode())
    return {row.get("name") for row in root.iter("{*}decision")}


# -- processes --------------------------------------------------------------------------------------------
SIDES = {
    "office": {"claim", "approve", "return", "refuse"}, "applicant": {"correct"}, "review": {"agree", "object"},
    "visit": {"passed", "failed"}, "appeal": {"uphold", "reopen"},
}  # fmt: skip
STATES = {"submitted", "accepted", "correction", "approved", "refused", "withdrawn", "completed"}


@pytest.mark.parametrize("path", BPMN_FILES, ids=lambda path: path.name)
def test_every_process_can_run(path):
    definitions = flow.read(path.read_bytes())
    assert list(flow.check(definitions)) == []
    assert flow.compile(definitions).element("decide").extra["side"] == "office"


@pytest.mark.parametrize("path", BPMN_FILES, ids=lambda path: path.name)
def test_processes_speak_the_vocabulary_and_have_a_picture(path):
    root = etree.parse(path).getroot()
    departments = {row.code for row in tree.nodes()}
    for task in root.iter(f"{BPMN}userTask"):
        outcomes = set(task.get(f"{QC}outcomes", "").split())
        assert outcomes
        assert outcomes <= SIDES[task.get(f"{QC}side")]
        assert task.get(f"{QC}en")
        assert task.get(f"{QC}department") is None or task.get(f"{QC}department") in departments
    for element in root.iter():
        assert element.get(f"{QC}status") in {None, *STATES}
        for rule in (element.get(f"{QC}days"), element.get(f"{QC}workingDays")):
            assert rule is None or in_force(rule)
    drawn = {shape.get("bpmnElement") for shape in root.iter("{*}BPMNShape", "{*}BPMNEdge")}
    process = root.find(f"{BPMN}process")
    kinds = {f"{BPMN}{name}" for name in ("incoming", "outgoing", "documentation", "conditionExpression")}
    nodes = {one.get("id") for one in process.iter() if one.get("id") and one.tag not in kinds}
    nodes -= {one.get("id") for one in process.iter() if one.tag.endswith("EventDefinition")} | {
        process.get("id")
    }
    assert nodes == drawn


def boxes_of(root: Any) -> dict[str, tuple[float, float, float, float]]:
    found = {}
    for shape in root.iter("{*}BPMNShape"):
        bounds = shape.find("{*}Bounds")
        x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
        found[shape.get("bpmnElement")] = (x, y, x + width, y + height)
    return found


@pytest.mark.parametrize("path", BPMN_FILES, ids=lambda path: path.name)
def test_in_the_picture_no_line_runs_through_a_step(path):
    root = etree.parse(path).getroot()
    ends = {
        flow.get("id"): {flow.get("sourceRef"), flow.get("targetRef")}
        for flow in root.iter(f"{BPMN}sequenceFlow")
    }
    boxes = boxes_of(root)
    hosts = {one.get("id"): one.get("attachedToRef") for one in root.iter(f"{BPMN}boundaryEvent")}
    for edge in root.iter("{*}BPMNEdge"):
        points = [(float(one.get("x")), float(one.get("y"))) for one in edge.iter("{*}waypoint")]
        own = ends[edge.get("bpmnElement")] | {hosts.get(one) for one in ends[edge.get("bpmnElement")]}
        inside = {"on_withdraw"} if "withdraw_asked" in own else set()
        others = {
            key: box for key, box in boxes.items() if key not in own | inside and hosts.get(key) not in own
        }
        for (ax, ay), (bx, by) in itertools.pairwise(points):
            assert ax == bx or ay == by
            for key, (left, top, right, bottom) in others.items():
                apart = (
                    max(ax, bx) <= left or min(ax, bx) >= right or max(ay, by) <= top or min(ay, by) >= bottom
                )
                assert apart, f"{edge.get('bpmnElement')} runs through {key}"


@pytest.mark.parametrize("code", [code for code in SPECS if SPECS[code].bpmn])
def test_a_process_asks_for_tables_its_matter_has(code):
    root = etree.fromstring(SPECS[code].bpmn.encode())
    asked = {task.get(f"{QC}decision") for task in root.iter(f"{BPMN}businessRuleTask")}
    assert asked <= (decisions(SPECS[code].dmn) if SPECS[code].dmn else set())
