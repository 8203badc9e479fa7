"""Writing models: what is read again is the same, and means the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from quancheng.core.feel import dmn
from tests.cases import cases

from . import build as b
from . import tck
from .test_harm import EVERYTHING
from .test_models import LIBRARY, _importing


def test_a_written_model_is_the_same() -> None:
    for xml in (EVERYTHING, LIBRARY, _importing("the lib", "the lib.")):
        document = dmn.read_document(xml)

        assert dmn.read_document(dmn.write(document)) == document


def test_every_model_of_the_tck_survives_writing() -> None:
    for _, folder in tck.folders(cases("dmn-tck") / "TestCases"):
        for path in folder.glob("*.dmn"):
            document = dmn.read_document(path.read_bytes())
            assert dmn.read_document(dmn.write(document)) == document, path.name


def test_requirements_say_what_they_require() -> None:
    xml = b.definitions(
        b.input_data("x"),
        b.decision("A", b.literal("x"), needs=["x"]),
        b.decision("B", b.literal("A"), decisions=["A"]),
    )
    written = dmn.write(dmn.read_document(xml)).decode()

    assert '<requiredInput href="#_x"/>' in written
    assert '<requiredDecision href="#_A"/>' in written


def test_an_editor_changes_one_cell() -> None:
    table = b.table([("n", "number")], [""], [(["< 5"], ['"low"']), ([">= 5"], ['"high"'])])
    document = dmn.read_document(b.definitions(b.input_data("n"), b.decision("D", table, needs=["n"])))
    decision = document.elements["_D"]
    rules = decision.expression.rules  # type: ignore[attr-defined]
    changed = replace(decision.expression, rules=(replace(rules[0], inputs=("< 9",)), *rules[1:]))  # type: ignore[attr-defined]
    elements = {**document.elements, "_D": replace(decision, expression=changed)}  # type: ignore[call-arg]
    model = dmn.read(dmn.write(replace(document, elements=elements)))

    assert model.evaluate("D", {"n": Decimal(2)}).value == "low"
    assert [problem.kind for problem in dmn.check(model)] == [dmn.ProblemKind.OVERLAP]


def test_characters_that_xml_has_no_place_for_are_refused() -> None:
    document = dmn.read_document(LIBRARY)

    with pytest.raises(dmn.DmnError, match="XML"):
        dmn.write(replace(document, name="a\x00b"))
