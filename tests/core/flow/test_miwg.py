"""Every BPMN model of the interchange group that is at hand: read, written stably, run or refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from quancheng.core import flow

from .bpmn import AT

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"

ROOT = Path(os.environ.get("QUANCHENG_CASES", Path(__file__).parents[3] / ".." / "shared" / "cases"))
MODELS = sorted((ROOT / "bpmn-miwg").resolve().rglob("*.bpmn")) if ROOT.is_dir() else []


def _content(root: etree._Element) -> list[tuple[object, ...]]:
    """All a document says, node by node: names, prefixes, attributes, texts, comments."""
    return [
        (str(e.tag), e.prefix, sorted(e.attrib.items()), e.text, e.tail, sorted(map(str, e.nsmap.items())))
        for e in root.iter()
    ]


@pytest.mark.skipif(not MODELS, reason="no BPMN models of the MIWG in QUANCHENG_CASES")
@pytest.mark.parametrize("path", MODELS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_model_round_trips_and_is_run_or_refused_with_reasons(path: Path) -> None:
    source = path.read_bytes()
    if not _is_bpmn(source):
        with pytest.raises(flow.BpmnError):
            flow.read(source)
        return
    definitions = flow.read(source)
    written = flow.write(definitions)
    assert flow.write(flow.read(written)) == written
    assert _content(etree.fromstring(written)) == _content(etree.fromstring(source))
    for process in definitions.processes:
        reasons = flow.check(definitions, process)
        assert all(reason.text.zh and reason.text.en and reason.code for reason in reasons)
        if reasons:
            with pytest.raises(flow.NotExecutable):
                flow.compile(definitions, process)
        else:
            _begins(flow.compile(definitions, process))


def _is_bpmn(source: bytes) -> bool:
    try:
        return str(etree.fromstring(source).tag) == f"{{{BPMN}}}definitions"
    except etree.XMLSyntaxError:
        return False


def _begins(made: flow.Program) -> None:
    """A case can begin, or a condition on data it was not given stops it in words."""
    try:
        state = flow.start(made, {}, AT).state
    except flow.Rejected:
        return
    assert flow.State.from_json(state.to_json(), made) == state
