"""Every BPMN model of the interchange group that is at hand: read, written stably, run or refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from quancheng.core import flow

from .bpmn import AT

ROOT = Path(os.environ.get("QUANCHENG_CASES", Path(__file__).parents[3] / ".." / "shared" / "cases"))
MODELS = sorted((ROOT / "bpmn-miwg").resolve().rglob("*.bpmn")) if ROOT.is_dir() else []


def _content(root: etree._Element) -> list[tuple[object, ...]]:
    """All a document says, node by node: names, prefixes, attributes, texts, comments."""
    return [
        (str(e.tag), e.prefix, sorted(e.attrib.items()), e.text, e.tail, sorted(map(str, e.nsmap.items())))
        for e in root.iter()
    ]


@pytest.mark.skipif(not MODELS, reason="no BPMN models of the MIWG in QUANCHENG_CASES")
@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_round_trips_and_is_run_or_refused_with_reasons(path: Path) -> None:
    source = path.read_bytes()
    definitions = flow.read(source)
    written = flow.write(definitions)
    assert flow.write(flow.read(written)) == written
    assert _content(etree.fromstring(written)) == _content(etree.fromstring(source))
    for process in definitions.processes:
        try:
            made = flow.compile(definitions, process)
        except flow.NotExecutable as refused:
            assert refused.problems == tuple(flow.check(definitions, process))
            assert all(problem.text.zh and problem.text.en and problem.code for problem in refused.problems)
        else:
            state = flow.start(made, {}, AT).state
            assert flow.State.from_json(state.to_json(), made) == state
