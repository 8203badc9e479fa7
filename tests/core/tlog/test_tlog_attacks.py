"""What an attacker sends: numbers that are none, lines changed beside a quorum, two histories for two halves."""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import replace

import pytest

from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.tlog import (
    Checkpoint,
    LogFault,
    LogReason,
    NoteKey,
    Policy,
    Request,
    Seen,
    add_checkpoint,
    add_signature,
    cosigner,
    quorum,
    read_bundle,
    verify_bundle,
    witnessed,
    write_bundle,
)
from tests.core.tlog.test_tlog import (
    LOG,
    LOGS,
    MEMBERS,
    NOW,
    ORIGIN,
    ask,
    bundle_of,
    log_note,
    policy,
    reason_of,
    tree_of,
)

ROOT = "A" * 43 + "="


@pytest.mark.parametrize(
    "size",
    [pytest.param("9" * 5000, id="5000 digits"), "9" * 19, "²", "１", "+1", " 1", "1_0", "00", ""],
)
def test_a_size_that_is_no_number_is_refused_and_never_computed(size: str) -> None:
    assert reason_of(lambda: Checkpoint.read(f"{ORIGIN}\n{size}\n{ROOT}\n")) is LogReason.MALFORMED
    assert Request.read(f"old {size}\n\nx") is None


@pytest.mark.parametrize("first", ["true", "1.0"])
def test_what_python_takes_for_one_is_not_the_one_of_the_format(first: str) -> None:
    data = write_bundle(bundle_of(tree_of(9), 4))
    assert data[:2] == b"\x86\x01"
    other = {"true": b"\xf5", "1.0": b"\xf9\x3c\x00"}[first]
    assert reason_of(lambda: read_bundle(b"\x86" + other + data[2:])) is LogReason.MALFORMED
    second = write_bundle(bundle_of(tree_of(9), 1))
    assert second[2:3] == b"\x01"
    assert reason_of(lambda: read_bundle(b"\x86\x01" + other + second[3:])) is LogReason.MALFORMED


def test_no_byte_of_a_bundle_with_more_witnesses_than_needed_can_be_changed() -> None:
    """Four cosigned, three are needed: a spoilt line of the fourth is not passed over."""
    data = write_bundle(bundle_of(tree_of(9), 4, by=4))
    verify_bundle(read_bundle(data), policy())
    taken = []
    for place, change in itertools.product(range(len(data)), (1, 2, 32, 128, 255)):
        changed = data[:place] + bytes([data[place] ^ change]) + data[place + 1 :]
        try:
            verify_bundle(read_bundle(changed), policy())
        except LogFault:
            continue
        taken.append((place, change))
    assert taken == []


def test_one_key_under_two_names_makes_no_policy() -> None:
    one = MEMBERS["zibo"].public
    twice = tuple(NoteKey(name, one, cosigns=True) for name in ("zibo", "zibo-again"))
    with pytest.raises(ValueError, match="twice"):
        Policy(LOGS, twice, 1)
    other = MemoryKey.generate(Algorithm.EDDSA).public
    with pytest.raises(ValueError, match="twice"):
        Policy(LOGS, (NoteKey("zibo", one, cosigns=True), NoteKey("zibo", other, cosigns=True)), 1)


@pytest.mark.parametrize("members", [1, 2, 3, 4, 5, 6, 7, 10])
def test_two_histories_never_both_find_a_quorum_while_fewer_than_a_third_lie(members: int) -> None:
    """The split view: each half of the alliance is shown another history; liars cosign both."""
    keys = {f"city{n}": MemoryKey.generate(Algorithm.EDDSA) for n in range(members)}
    named = tuple(NoteKey(name, key.public, cosigns=True) for name, key in keys.items())
    rule = Policy(LOGS, named, quorum(members))
    liars = set(list(keys)[: (members - 1) // 3])
    one, other = tree_of(5), tree_of(4)
    other.append(b"another fifth")
    for cut in range(members + 1):
        honest = [name for name in keys if name not in liars]
        shown = {name: one if place < cut else other for place, name in enumerate(honest)}
        held = 0
        for tree in (one, other):
            note = log_note(tree)
            lines = []
            for name, key in keys.items():
                seen: dict[str, Seen] = {}
                if name in honest:
                    first = Request(0, (), log_note(shown[name]).text())
                    seen[ORIGIN] = answered(add_checkpoint(seen, LOGS, first, (name, key), NOW).seen)
                again = Request(5 if name in honest else 0, (), note.text())
                if add_checkpoint(seen, LOGS, again, (name, key), NOW).status == 200:
                    lines.append(cosigner(name, key, note, NOW))
            with contextlib.suppress(LogFault):
                witnessed(add_signature(note, lines).text(), rule)
                held += 1
        assert held <= 1
        assert held == 1 or 0 < cut < len(honest)  # shown to all, a history does find it


def answered(seen: Seen | None) -> Seen:
    assert seen is not None
    return seen


def test_the_same_size_with_another_root_is_a_conflict_and_a_false_proof_is_not() -> None:
    """C2SP tlog-witness: 409 for the one, 422 for the other; only the first is evidence by itself."""
    tree, seen = tree_of(5), {}
    ask(seen, tree, 0)
    lying = tree_of(4)
    lying.append(b"another fifth")
    fork = ask(seen, lying, 5)
    assert (fork.status, fork.fork is not None, fork.body.strip().isdigit()) == (409, True, False)
    lying.append(os.urandom(32))
    false = ask(seen, lying, 5)
    assert (false.status, false.fork) == (422, None)
    request = Request(5, (), log_note(tree, key=LOG).text())
    assert (
        add_checkpoint(
            seen, LOGS, replace(request, proof=(bytes(32),)), ("zibo", MEMBERS["zibo"]), NOW
        ).status
        == 422
    )
