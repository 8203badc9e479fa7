"""Calldata of the contract's calls, byte for byte; answers that are none; the committed JSON is the source's."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.anchor import AbiFault, Checkpoint, Contract, Grant, Revoke, Use, origin_id

ROOT = Path(__file__).parents[3]
JSON = ROOT / "src/quancheng/core/anchor/QuanchengAnchor.json"
CONTRACT = Contract.read(JSON.read_text(encoding="utf-8"))
A, B = b"\xaa" * 32, b"\xbb" * 32
ids = st.binary(min_size=32, max_size=32)
steps = st.one_of(
    st.builds(Checkpoint, ids, st.integers(1, 2**64 - 1), ids),
    st.builds(Grant, ids), st.builds(Revoke, ids), st.builds(Use, ids, ids),
)  # fmt: skip


def test_calls_are_the_words_of_the_abi_specification() -> None:
    data = CONTRACT.encode(Checkpoint(A, 258, B))
    assert data.hex() == "4c10f385" + "aa" * 32 + "00" * 30 + "0102" + "bb" * 32
    assert CONTRACT.encode(Use(A, B)).hex() == "5c0ce710" + "aa" * 32 + "bb" * 32
    asked = CONTRACT.ask_inclusion(A, 1, 3, [B, A], B).hex()
    word = "{:064x}".format
    assert asked == "518ed342" + "aa" * 32 + word(1) + word(3) + word(160) + "bb" * 32 + word(2) + "bb" * 32 + "aa" * 32  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(steps)
def test_what_is_encoded_reads_back(step: Checkpoint | Grant | Revoke | Use) -> None:
    assert CONTRACT.decode(CONTRACT.encode(step)) == step


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=110))
def test_anything_else_is_refused_as_what_it_is(data: bytes) -> None:
    with pytest.raises(AbiFault):
        CONTRACT.decode(data)


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 31, b"\0" * 33, b"\1" + b"\0" * 31, b"\0" * 31 + b"\3"], ids=repr
)
def test_answers_that_are_none_are_refused(data: bytes) -> None:
    with pytest.raises(AbiFault):
        Contract.read_state(data)
    with pytest.raises(AbiFault):
        Contract.read_truth(data)
    with pytest.raises(AbiFault):
        Contract.read_head(data)


def test_answers_read() -> None:
    assert Contract.read_head(bytes(31) + b"\7" + A) == (7, A)
    assert [Contract.read_state(bytes(31) + bytes([n])) for n in range(3)] == [0, 1, 2]
    assert Contract.read_truth(bytes(31) + b"\1") is True
    assert CONTRACT.fault(bytes.fromhex("44825a4b")) == "Revoked"
    said = bytes.fromhex("08c379a0") + bytes(31) + b"\x20" + bytes(31) + b"\3" + b"no!" + bytes(29)
    assert CONTRACT.fault(said) == "no!"
    assert CONTRACT.fault(b"") == CONTRACT.fault(b"\1\2\3\4") == ""


def test_ids_and_sizes_are_checked_before_anything_is_sent() -> None:
    for wrong in (lambda: Grant(b"short"), lambda: Checkpoint(A, 0, B), lambda: Checkpoint(A, 2**64, B)):
        with pytest.raises(ValueError, match=r"bytes|size"):
            wrong()
    assert len(origin_id("jinan.quancheng/chain/2026-11")) == 32


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"selectors": {}, "bytecode": "", "faults": {}}'])
def test_a_description_of_another_contract_is_refused(text: str) -> None:
    with pytest.raises(AbiFault):
        Contract.read(text)


def test_the_committed_contract_is_what_its_source_compiles_to() -> None:
    path = ROOT / "tools/build_contract.py"
    spec = importlib.util.spec_from_file_location("build_contract", path)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    sys.modules["build_contract"] = tool
    spec.loader.exec_module(tool)
    home = tool.solc()
    if home is None:
        pytest.skip("solc 0.8.11 is not installed: npm ci in frontend/")
    assert JSON.read_text(encoding="utf-8") == tool.text(tool.compiled(home))
    assert json.loads(JSON.read_text())["evm"] == "istanbul"
