"""A log, its witnesses, a liar among them, and what anybody can check afterwards."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quancheng.core.keys import Algorithm, MemoryKey, PublicKey
from quancheng.core.merkle import SHA256, MemoryTree, MerkleHasher
from quancheng.core.sm import SM3_TREE
from quancheng.core.tlog import (
    TILE_WIDTH,
    Bundle,
    Checkpoint,
    ForkEvidence,
    Health,
    LogFault,
    LogReason,
    MemberSeen,
    NoteKey,
    Opening,
    Policy,
    Request,
    Seen,
    TileSource,
    add_checkpoint,
    add_signature,
    check_fork,
    commitment,
    cosigner,
    coverage,
    health,
    late,
    open_note,
    quorum,
    read_bundle,
    shard_of,
    sign_note,
    tile_path,
    unanchored,
    verify_bundle,
    without_grant,
    witnessed,
    write_bundle,
)

ORIGIN = "quancheng.jinan/2026-11"
LOG = MemoryKey.from_private(Algorithm.EDDSA, b"\x01" * 32)
MEMBERS = {
    name: MemoryKey.from_private(Algorithm.EDDSA, bytes([n]) * 32)
    for n, name in enumerate(("zibo", "taian", "dezhou", "liaocheng"), 2)
}
NOW = 1_790_000_000


def log_note(tree: MemoryTree, size: int | None = None, key: MemoryKey = LOG, origin: str = ORIGIN):
    head = tree.head(size)
    return sign_note(Checkpoint(origin, head.size, head.root).text(), [(origin, key)])


def tree_of(count: int, hasher: MerkleHasher = SHA256) -> MemoryTree:
    tree = MemoryTree(hasher)
    for n in range(count):
        tree.append(hasher.digest(b"%d" % n))
    return tree


def policy(needed: int = 3, key: PublicKey = LOG.public, hasher: MerkleHasher = SHA256) -> Policy:
    members = tuple(NoteKey(name, one.public, cosigns=True) for name, one in MEMBERS.items())
    return Policy({ORIGIN: (NoteKey(ORIGIN, key), hasher)}, members, needed)


def bundle_of(tree: MemoryTree, index: int, by: int = 3, log: MemoryKey = LOG) -> Bundle:
    note = log_note(tree, key=log)
    lines = [cosigner(name, key, note, NOW) for name, key in list(MEMBERS.items())[:by]]
    leaf = tree.hasher.digest(b"%d" % index)
    return Bundle(index, tree.size, tree.inclusion(index), leaf, add_signature(note, lines).text())


def reason_of(action) -> LogReason:
    with pytest.raises(LogFault) as caught:
        action()
    return caught.value.reason


# The example of C2SP signed-note (golang.org/x/mod/sumdb/note, "PeterNeumann").
_PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_ENIGMA = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_published_note_of_peter_neumann_holds() -> None:
    key = NoteKey.read(_PETER)
    assert key.text() == _PETER
    note = open_note(_ENIGMA)
    assert note.by(key)
    assert note.text() == _ENIGMA
    assert not open_note(_ENIGMA.replace("your problem is", "my problem is")).by(key)


@pytest.mark.parametrize("algorithm", [Algorithm.EDDSA, Algorithm.SM2, Algorithm.ML_DSA_44])
def test_notes_are_signed_with_national_and_post_quantum_keys_too(algorithm: Algorithm) -> None:
    key = MemoryKey.generate(algorithm)
    named = NoteKey("city", key.public)
    assert NoteKey.read(named.text()) == named
    assert open_note(sign_note("words\n", [("city", key)]).text()).by(named)


@pytest.mark.parametrize(
    "text",
    ["", "x", "x\n", "x\n\n", "x\n\n— a\n", "x\n\n— a b c\n", "x\n\n- a AAAAAAA=\n", "x\n\n— a AAAA\n", "\x07\n\n— a AAAAAAA=\n", "x\n\n— a AAAAAAA="],
)  # fmt: skip
def test_what_is_no_note_is_refused(text: str) -> None:
    assert reason_of(lambda: open_note(text)) is LogReason.MALFORMED


@pytest.mark.parametrize(
    "body",
    [
        "",
        "o\n",
        "o\n1\n",
        "o\n-1\nAAAA\n",
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n1\nAAAA\n",
        "\n1\n" + "A" * 43 + "=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(body: str) -> None:
    assert reason_of(lambda: Checkpoint.read(body)) is LogReason.MALFORMED


@given(
    st.integers(0, 10**15),
    st.binary(min_size=32, max_size=32),
    st.lists(st.sampled_from(["hash sm3", "next x"]), max_size=2),
)
def test_checkpoints_there_and_back(size: int, root: bytes, more: list[str]) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root, tuple(more))
    assert Checkpoint.read(checkpoint.text()) == checkpoint


def test_a_quorum_is_more_than_two_thirds() -> None:
    assert [quorum(n) for n in (1, 2, 3, 4, 5, 6, 7)] == [1, 2, 3, 3, 4, 5, 5]


@pytest.mark.parametrize("hasher", [SHA256, SM3_TREE], ids=["sha256", "sm3"])
def test_a_record_is_proved_to_anybody_who_trusts_the_policy(hasher: MerkleHasher) -> None:
    tree = tree_of(1000, hasher)
    bundle = bundle_of(tree, 777)
    good = verify_bundle(read_bundle(write_bundle(bundle)), policy(hasher=hasher))
    assert good.times == dict.fromkeys(list(MEMBERS)[:3], NOW)


def test_too_few_witnesses_an_unknown_log_and_another_hash_are_refused() -> None:
    tree = tree_of(10)
    assert reason_of(lambda: verify_bundle(bundle_of(tree, 3, by=2), policy())) is LogReason.QUORUM
    stranger = MemoryKey.generate(Algorithm.EDDSA)
    assert reason_of(lambda: verify_bundle(bundle_of(tree, 3, log=stranger), policy())) is LogReason.SIGNATURE
    assert reason_of(lambda: verify_bundle(bundle_of(tree, 3), policy(hasher=SM3_TREE))) is LogReason.PROOF
    other = Policy({"another": (NoteKey("another", LOG.public), SHA256)})
    assert reason_of(lambda: verify_bundle(bundle_of(tree, 3), other)) is LogReason.UNKNOWN_LOG


def test_one_witness_counted_under_two_names_lines_is_still_one() -> None:
    tree = tree_of(10)
    note = log_note(tree)
    name, key = next(iter(MEMBERS.items()))
    lines = [cosigner(name, key, note, NOW + n) for n in range(5)]
    text = note.text() + "".join(line.line() for line in lines)
    assert reason_of(lambda: witnessed(text, policy())) is LogReason.QUORUM


def test_no_byte_of_a_bundle_can_be_changed_and_still_say_something_else() -> None:
    data = write_bundle(bundle_of(tree_of(9), 4))
    opened = verify_bundle(read_bundle(data), policy())
    said = []
    for place in range(len(data)):
        for flip in (1, 0x80):
            changed = data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]
            try:
                found = read_bundle(changed)
                if verify_bundle(found, policy()) == opened and found == read_bundle(data):
                    continue
            except LogFault:
                continue
            said.append(place)
    assert said == []


def test_a_bundle_at_a_million_records_costs_under_700_bytes() -> None:
    path = tuple(os.urandom(32) for _ in range(20))
    assert Bundle(999_999, 1_000_000, path, bytes(32), "").proof_bytes <= 700


def test_a_commitment_opens_with_its_salt_only_and_hides_without() -> None:
    opening = Opening("vault.use", "U-1", os.urandom(16), b'{"income":"A"}')
    leaf = commitment(SHA256, opening)
    tree = MemoryTree(SHA256)
    tree.append(leaf)
    note = log_note(tree)
    lines = [cosigner(name, key, note, NOW) for name, key in MEMBERS.items()]
    bundle = Bundle(0, 1, (), leaf, add_signature(note, lines).text())
    verify_bundle(bundle, policy(), opening)
    for wrong in (
        replace(opening, payload=b'{"income":"B"}'),
        replace(opening, salt=os.urandom(16)),
        replace(opening, scene="vault.us", reference="eU-1"),
    ):
        assert reason_of(lambda wrong=wrong: verify_bundle(bundle, policy(), wrong)) is LogReason.RECORD
    assert reason_of(lambda: commitment(SHA256, replace(opening, salt=b""))) is LogReason.MALFORMED


# -- witnesses
LOGS = {ORIGIN: (NoteKey(ORIGIN, LOG.public), SHA256)}
WITNESS = ("zibo", MEMBERS["zibo"])


def ask(seen: dict[str, Seen], tree: MemoryTree, old: int, size: int | None = None, key: MemoryKey = LOG):
    note = log_note(tree, size, key)
    wanted = tree.size if size is None else size
    proof = tree.consistency(old, wanted) if 0 < old <= wanted else ()
    request = Request.read(Request(old, proof, note.text()).text())
    assert request is not None
    answer = add_checkpoint(seen, LOGS, request, WITNESS, NOW)
    if answer.seen:
        seen[ORIGIN] = answer.seen
    return answer


def test_a_witness_follows_a_log_that_only_grows() -> None:
    tree, seen = tree_of(5), {}
    assert ask(seen, tree, 0).status == 200
    for _more in range(20):
        tree.append(os.urandom(32))
        answer = ask(seen, tree, seen[ORIGIN].head.size)
        assert answer.status == 200
    note = add_signature(log_note(tree), [open_note("x\n\n" + answer.body).signatures[0]])
    members = (NoteKey("zibo", MEMBERS["zibo"].public, cosigns=True),)
    assert witnessed(note.text(), Policy(LOGS, members, 1)).times == {"zibo": NOW}


def test_a_witness_says_which_size_it_knows_when_asked_from_another() -> None:
    tree, seen = tree_of(5), {}
    ask(seen, tree, 0)
    answer = ask(seen, tree, 3)
    assert (answer.status, answer.body) == (409, "5\n")


def test_a_fork_is_refused_and_kept_as_evidence_anybody_can_check() -> None:
    tree, seen = tree_of(5), {}
    ask(seen, tree, 0)
    lying = tree_of(4)
    lying.append(b"another fifth")
    answer = ask(seen, lying, 5)
    assert answer.status == 409 and answer.seen is None and answer.fork is not None
    one, other = check_fork(ForkEvidence(*answer.fork), LOGS[ORIGIN][0])
    assert one.size == other.size and one.root != other.root
    same = ForkEvidence(answer.fork[0], answer.fork[0])
    assert reason_of(lambda: check_fork(same, LOGS[ORIGIN][0])) is LogReason.PROOF


def test_a_log_that_was_edited_or_truncated_finds_no_proof() -> None:
    tree, seen = tree_of(8), {}
    ask(seen, tree, 0)
    edited = tree_of(3)
    for n in range(10):
        edited.append(b"other %d" % n)
    assert ask(seen, edited, 8).status == 422
    assert ask(seen, tree, 8, size=7).status == 400  # shorter than it was


def test_strangers_and_garbage_are_answered_as_the_standard_says() -> None:
    tree, seen = tree_of(2), {}
    assert ask(seen, tree, 0, key=MemoryKey.generate(Algorithm.EDDSA)).status == 403
    assert add_checkpoint({}, {}, Request(0, (), log_note(tree).text()), WITNESS, NOW).status == 404
    assert add_checkpoint({}, LOGS, Request(0, (), "no note"), WITNESS, NOW).status == 400
    assert Request.read("new 5\n\nx") is None
    assert Request.read("old 5\n***\n\nx") is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=12))
def test_whatever_a_log_does_a_witness_cosigns_one_history(steps: list[tuple[bool, int]]) -> None:
    honest, seen, cosigned = tree_of(1), {}, []
    ask(seen, honest, 0)
    for lies, count in steps:
        tree = honest
        if lies:
            tree = tree_of(max(0, honest.size - 1))
            tree.append(os.urandom(32))
        for _one in range(count):
            tree.append(os.urandom(32))
        before = seen[ORIGIN].head
        if ask(seen, tree, before.size).status == 200:
            cosigned.append(seen[ORIGIN].head)
            honest = tree
    for earlier, later in itertools.pairwise(cosigned):
        assert honest.head(earlier.size) == earlier and honest.head(later.size) == later


# -- tiles, shards, supervision
def test_tiles_have_the_paths_of_the_standard() -> None:
    # C2SP tlog-tiles: "tile/3/x001/x234/067" for tile 1234067 at level 3; partial tiles end in ".p/<width>"
    assert tile_path(3, 1_234_067) == "tile/3/x001/x234/067"
    assert tile_path(0, 5, 17) == "tile/0/005.p/17"


@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_proofs_from_tiles_are_the_proofs_of_the_tree(count: int) -> None:
    tree = tree_of(count)

    def tile(level: int, number: int) -> bytes:
        width = min(TILE_WIDTH, (count >> (8 * level)) - number * TILE_WIDTH)
        return b"".join(tree.node(8 * level, number * TILE_WIDTH + n) for n in range(width))

    from quancheng.core.merkle import prove_consistency, prove_inclusion

    source = TileSource(SHA256, tile)
    for index in {0, count // 2, count - 1}:
        assert prove_inclusion(SHA256, source, index, count) == tree.inclusion(index)
    if count > 1:
        assert prove_consistency(SHA256, source, count // 2 or 1, count) == tree.consistency(count // 2 or 1)
    with pytest.raises(ValueError, match="lacks"):
        TileSource(SHA256, lambda level, number: b"").node(0, 0)


def test_a_month_has_a_shard() -> None:
    assert shard_of("quancheng.jinan", datetime(2026, 11, 23)) == "quancheng.jinan/2026-11"


def test_supervision_sees_gaps_delays_and_uses_without_a_grant() -> None:
    rows = coverage({"a": 10, "b": 4, "c": 0}, {"a": 9, "b": 4})
    assert [(row.scene, row.share) for row in rows] == [("a", 0.9), ("b", 1.0), ("c", None)]
    assert unanchored(["x", "y"], ["x"]) == ("y",)
    assert late([("x", 0, 61), ("y", 0, 60)], 60) == (("x", 61),)
    grants = {"g": (100, 200)}
    uses = [("before", "g", 99), ("in", "g", 100), ("at its end", "g", 200), ("none", "h", 150)]
    assert without_grant(uses, grants) == ("before", "at its end", "none")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (MemberSeen("m", NOW - 5, NOW - 5), Health.WELL),
        (MemberSeen("m", NOW - 500, NOW - 500), Health.SILENT),
        (MemberSeen("m", NOW - 5, NOW + 3600), Health.CLOCK),
        (MemberSeen("m", NOW - 5, NOW - 5, forked=True), Health.FORKED),
        (MemberSeen("m", None, None), Health.NEVER),
    ],
)
def test_a_member_is_as_well_as_its_worst_sign(seen: MemberSeen, expected: Health) -> None:
    assert health(seen, NOW, silent_after=60, most_skew=30) is expected


def test_a_policy_cannot_ask_for_more_witnesses_than_it_names() -> None:
    with pytest.raises(ValueError, match="cosigners"):
        policy(needed=5)
    with pytest.raises(ValueError, match="cosigners"):
        Policy({}, (NoteKey("x", LOG.public),), 1)
