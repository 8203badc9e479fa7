"""Merkle trees: RFC 9162 definitions written naively, the published cases, properties."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.merkle import (
    SHA256,
    CompactRange,
    MemoryTree,
    MerkleHasher,
    ProofError,
    ProofReason,
    TreeHead,
    prove_consistency,
    prove_inclusion,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from tests.cases import cases

SIZES = st.integers(1, 200)


def naive_root(hasher: MerkleHasher, leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hasher.empty()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hasher.node(naive_root(hasher, leaves[:split]), naive_root(hasher, leaves[split:]))


def leaves_of(count: int, hasher: MerkleHasher = SHA256) -> list[bytes]:
    return [hasher.leaf(str(number).encode()) for number in range(count)]


def tree_of(count: int, hasher: MerkleHasher = SHA256) -> MemoryTree:
    tree = MemoryTree(hasher)
    tree.extend_hashes(leaves_of(count, hasher))
    return tree


def _load(kind: str) -> list[tuple[str, dict]]:  # type: ignore[type-arg]
    folder: Path = cases("merkle") / "testdata" / kind
    found = [
        (str(path.relative_to(folder)), json.loads(path.read_text("utf-8")))
        for path in sorted(folder.rglob("*.json"))
    ]
    assert found
    return found


def _proof(case: dict) -> list[bytes]:  # type: ignore[type-arg]
    return [base64.b64decode(part) for part in case["proof"] or ()]


def test_published_inclusion_cases() -> None:
    wrong, accepted = [], 0
    for name, case in _load("inclusion"):
        head = TreeHead(case["treeSize"], base64.b64decode(case["root"]))
        leaf = base64.b64decode(case["leafHash"])
        try:
            verify_inclusion(SHA256, leaf, case["leafIdx"], head, _proof(case))
            refused = False
            accepted += 1
        except ProofError:
            refused = True
        if refused != case["wantErr"]:
            wrong.append(name)
    assert wrong == []
    assert accepted == 6


def test_published_consistency_cases() -> None:
    wrong, accepted = [], 0
    for name, case in _load("consistency"):
        old = TreeHead(case["size1"], base64.b64decode(case["root1"]))
        new = TreeHead(case["size2"], base64.b64decode(case["root2"]))
        try:
            verify_consistency(SHA256, old, new, _proof(case))
            refused = False
            accepted += 1
        except ProofError:
            refused = True
        if refused != case["wantErr"]:
            wrong.append(name)
    assert wrong == []
    assert accepted == 6


def test_sm3_by_a_callable() -> None:
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this OpenSSL has no SM3")
    sm3 = MerkleHasher("sm3", lambda data: hashlib.new("sm3", data).digest())
    tree = tree_of(7, sm3)
    assert tree.head().root == naive_root(sm3, leaves_of(7, sm3))
    assert tree.head().root != tree_of(7).head().root
    verify_inclusion(sm3, leaves_of(7, sm3)[5], 5, tree.head(), tree.inclusion(5))
    with pytest.raises(ProofError):
        verify_inclusion(SHA256, leaves_of(7, sm3)[5], 5, tree.head(), tree.inclusion(5))


def test_empty_tree() -> None:
    digest = hashlib.sha256(b"").digest()
    assert CompactRange(SHA256).head() == MemoryTree(SHA256).head() == TreeHead(0, digest)
    assert str(TreeHead(0, b"\x01")) == "0:01"


def test_every_proof_of_every_small_tree() -> None:
    tree = tree_of(20)
    leaves = leaves_of(20)
    for size in range(1, 21):
        head = tree.head(size)
        assert head.root == naive_root(SHA256, leaves[:size])
        for index in range(size):
            verify_inclusion(SHA256, leaves[index], index, head, tree.inclusion(index, size))
        for old in range(1, size + 1):
            verify_consistency(SHA256, tree.head(old), head, tree.consistency(old, size))


@settings(max_examples=40, deadline=None)
@given(SIZES, st.data())
def test_compact_range_equals_naive_tree(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    cut = data.draw(st.integers(0, size))
    grown = CompactRange(SHA256).extend(leaves[:cut])
    again = CompactRange(SHA256, grown.size, grown.nodes)
    for leaf in leaves[cut:]:
        again = again.append(leaf)
    assert again.head() == TreeHead(size, naive_root(SHA256, leaves))
    assert again.head() == tree_of(size).head()
    assert len(again.nodes) == size.bit_count()


@settings(max_examples=60, deadline=None)
@given(SIZES, st.data())
def test_inclusion_holds_and_any_change_breaks_it(size: int, data: st.DataObject) -> None:
    tree = tree_of(size)
    index = data.draw(st.integers(0, size - 1))
    leaf, proof, head = tree.node(0, index), tree.inclusion(index), tree.head()
    verify_inclusion(SHA256, leaf, index, head, proof)
    other = data.draw(st.integers(0, size + 3).filter(lambda number: number != index))
    for bad in (
        (leaf, other, head, proof),
        (_flip(leaf, data), index, head, proof),
        (leaf, index, TreeHead(size, _flip(head.root, data)), proof),
        (leaf, index, head, (*proof, leaf)),
        (leaf, index, head, (leaf, *proof)),
        *([(leaf, index, head, proof[1:]), (leaf, index, head, proof[:-1])] if proof else []),
    ):
        with pytest.raises(ProofError):
            verify_inclusion(SHA256, *bad)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.data())
def test_consistency_holds_and_any_change_breaks_it(size: int, data: st.DataObject) -> None:
    tree = tree_of(size)
    old_size = data.draw(st.integers(1, size))
    old, new, proof = tree.head(old_size), tree.head(), tree.consistency(old_size)
    verify_consistency(SHA256, old, new, proof)
    extra = SHA256.leaf(b"extra")
    for bad in (
        (TreeHead(old_size, _flip(old.root, data)), new, proof),
        (old, TreeHead(size, _flip(new.root, data)), proof),
        (old, new, (*proof, extra)),
        (old, new, (extra, *proof)),
        *([(old, new, proof[1:]), (old, new, proof[:-1])] if proof else []),
    ):
        with pytest.raises(ProofError):
            verify_consistency(SHA256, *bad)


def _flip(value: bytes, data: st.DataObject) -> bytes:
    position = data.draw(st.integers(0, len(value) * 8 - 1))
    return bytes(
        byte ^ (1 << position % 8 if number == position // 8 else 0) for number, byte in enumerate(value)
    )


def _reason_of_inclusion(index: int, head: TreeHead, proof: list[bytes]) -> ProofReason:
    with pytest.raises(ProofError) as caught:
        verify_inclusion(SHA256, SHA256.leaf(b"0"), index, head, proof)
    assert str(caught.value).startswith(caught.value.reason)
    return caught.value.reason


def test_reasons_of_inclusion() -> None:
    tree = tree_of(5)
    head, proof = tree.head(), list(tree.inclusion(0))
    assert _reason_of_inclusion(5, head, proof) is ProofReason.INDEX_OUT_OF_RANGE
    assert _reason_of_inclusion(-1, head, proof) is ProofReason.INDEX_OUT_OF_RANGE
    assert _reason_of_inclusion(0, head, proof[:-1]) is ProofReason.PROOF_TOO_SHORT
    assert _reason_of_inclusion(0, head, [*proof, proof[0]]) is ProofReason.PROOF_TOO_LONG
    assert _reason_of_inclusion(0, head, [proof[0][:31], *proof[1:]]) is ProofReason.HASH_LENGTH
    assert _reason_of_inclusion(1, head, proof) is ProofReason.ROOT_MISMATCH


def _reason_of_consistency(old: TreeHead, new: TreeHead, proof: list[bytes]) -> ProofReason:
    with pytest.raises(ProofError) as caught:
        verify_consistency(SHA256, old, new, proof)
    return caught.value.reason


def test_reasons_of_consistency() -> None:
    tree = tree_of(7)
    old, new, proof = tree.head(3), tree.head(7), list(tree.consistency(3))
    other = SHA256.leaf(b"other")
    expected = {
        ProofReason.EMPTY_TREE: (tree.head(0), new, proof),
        ProofReason.SIZE_ORDER: (new, old, proof),
        ProofReason.PROOF_TOO_SHORT: (old, new, []),
        ProofReason.PROOF_TOO_LONG: (old, new, [*proof, other]),
        ProofReason.HASH_LENGTH: (old, new, [b"short", *proof]),
        ProofReason.OLD_ROOT_MISMATCH: (TreeHead(3, other), new, proof),
        ProofReason.ROOT_MISMATCH: (old, TreeHead(7, other), proof),
    }
    for reason, arguments in expected.items():
        assert _reason_of_consistency(*arguments) is reason
    assert _reason_of_consistency(tree.head(0), tree.head(0), []) is ProofReason.EMPTY_TREE
    assert _reason_of_consistency(old, new, proof[:-1]) is ProofReason.PROOF_TOO_SHORT
    assert _reason_of_consistency(old, old, proof) is ProofReason.PROOF_TOO_LONG
    assert _reason_of_consistency(old, TreeHead(3, other), []) is ProofReason.ROOT_MISMATCH


def test_impossible_questions_are_refused() -> None:
    tree = tree_of(3)
    assert tree.append(b"3") == 3
    assert tree.size == 4
    for call in (
        lambda: tree.head(5),
        lambda: tree.inclusion(4),
        lambda: tree.inclusion(0, 9),
        lambda: tree.consistency(0),
        lambda: tree.consistency(3, 2),
        lambda: root_at(SHA256, tree, -1),
        lambda: prove_inclusion(SHA256, tree, 0, 0),
        lambda: prove_consistency(SHA256, tree, 2, 1),
        lambda: CompactRange(SHA256, 3, (b"x" * 32,)),
        lambda: CompactRange(SHA256, -1, ()),
        lambda: CompactRange(SHA256, 1, (b"x",)),
        lambda: CompactRange(SHA256).append(b"x"),
    ):
        with pytest.raises(ValueError, match=r".+"):
            call()


def test_nodes_told_by_append_serve_all_proofs() -> None:
    state, table = CompactRange(SHA256), {}
    for leaf in leaves_of(13):
        state, made = state.append_nodes([leaf])
        table.update({(node.level, node.index): node.hash for node in made})

    class Table:
        def node(self, level: int, index: int) -> bytes:
            return table[level, index]

    tree = tree_of(13)
    assert prove_inclusion(SHA256, Table(), 11, 13) == tree.inclusion(11)
    assert prove_consistency(SHA256, Table(), 6, 13) == tree.consistency(6)
