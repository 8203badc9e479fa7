"""Reading models: every version of DMN, and XML that means harm."""

from __future__ import annotations

from decimal import Decimal

import pytest

from quancheng.core.feel import dmn

from . import build as b

VERSIONS = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
)
FEE = (
    b.input_data("面积", "number"),
    b.decision("Fee", b.literal("面积 * 2"), needs=["面积"], type_ref="number"),
)


@pytest.mark.parametrize("version", VERSIONS)
def test_models_of_every_version_answer(version: str) -> None:
    model = dmn.read(b.definitions(*FEE, dmn=version))

    assert model.evaluate("Fee", {"面积": Decimal(3)}).value == Decimal(6)
    assert [(each.name, str(each.type)) for each in model.inputs] == [("面积", "number")]
    assert [each.name for each in model.decisions] == ["Fee"]
    assert [each.name for each in model.required_inputs("Fee")] == ["面积"]


def test_a_comment_within_feel_text_is_no_end_of_it() -> None:
    xml = b"<literalExpression><text>1 <!-- one --> + 1</text></literalExpression>"
    model = dmn.read(b.definitions(b.decision("Two", xml.decode())))

    assert model.evaluate("Two", {}).value == Decimal(2)


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (b"nonsense", "XML"),
        (b"<definitions/>", "definitions"),
        (b'<!DOCTYPE d [<!ENTITY a "aaaa">]><d>&a;</d>', "document type"),
        (
            b'<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"><decision/></definitions>',
            "name",
        ),
        (b.definitions(b.decision("A", ""), b.decision("A", "")), "twice"),
        (b.definitions(b.decision("A", b.table([], [""], [], policy="BEST"))), "hit policy"),
        (b.definitions("<context>" * 130 + "</context>" * 130), "deep"),
    ],
)
def test_what_is_no_model_is_refused_with_a_reason(xml: bytes, words: str) -> None:
    with pytest.raises(dmn.DmnError) as refused:
        dmn.read(xml)

    assert words in refused.value.text.en
    assert refused.value.text.zh


def test_an_entity_bomb_is_refused_before_it_grows() -> None:
    entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE d [<!ENTITY a0 "{"x" * 50}">{entities}]><definitions>&a9;</definitions>'

    with pytest.raises(dmn.DmnError):
        dmn.read(bomb.encode())


def test_a_file_too_large_is_refused() -> None:
    with pytest.raises(dmn.DmnError, match="too large"):
        dmn.read(b" " * (9 * 1024 * 1024))


def test_an_unknown_decision_is_told() -> None:
    with pytest.raises(dmn.DmnError, match="Nothing"):
        dmn.read(b.definitions(*FEE)).evaluate("Nothing", {})


def test_five_thousand_decisions_in_a_chain_cost_no_stack() -> None:
    chain = [b.decision("D0", b.literal("1"))]
    chain += [
        b.decision(f"D{n}", b.literal(f"D{n - 1} + 1"), decisions=[f"D{n - 1}"]) for n in range(1, 5000)
    ]

    assert dmn.read(b.definitions(*chain)).evaluate("D4999", {}).value == Decimal(5000)
