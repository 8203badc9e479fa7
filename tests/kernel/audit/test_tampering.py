"""What somebody with the whole database in his hands can do, and that each of it is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import connection, models

from quancheng.core.merkle import CompactRange, TreeHead
from quancheng.kernel import audit
from quancheng.kernel.audit import guards, outside
from quancheng.kernel.audit.hashing import GENESIS, hasher
from quancheng.kernel.audit.keys import key_file, origin
from quancheng.kernel.audit.models import AuditEntry, Checkpoint, Stream
from quancheng.kernel.audit.report import Kind
from quancheng.kernel.audit.signednote import SignedHead, sign

pytestmark = pytest.mark.django_db
SEEDS = range(24)
SIZE = 40
Fill = Callable[..., str]


@pytest.fixture
def attacker(fill: Fill) -> None:
    """Drops the triggers, as anybody can who owns the tables."""
    with connection.cursor() as cursor:
        for statement in guards.drop_statements(connection.vendor):
            cursor.execute(statement)


def raw(model: type[models.Model]) -> Any:
    """A queryset without our refusals."""
    return models.QuerySet(model)


def rehash_from(sequence: int) -> None:
    """Recompute every hash from ``sequence`` on, and the head, as a careful forger does."""
    head = Stream.objects.get(pk="main")
    before = raw(AuditEntry).filter(sequence=sequence - 1).first()
    last = before.hash if before else GENESIS
    for entry in raw(AuditEntry).filter(sequence__gte=sequence).order_by("sequence"):
        entry.previous = last
        last = hasher(head.algorithm).digest(entry.canonical(head.algorithm).encode()).hex()
        raw(AuditEntry).filter(pk=entry.pk).update(previous=entry.previous, hash=last)
        head.size = entry.sequence
    head.hash = last
    head.save()


def verified() -> audit.Report:
    report = audit.verify("main")
    for problem in report.problems:
        assert problem.stream == "main"
        assert problem.text.zh
        assert problem.text.en
    return report


def kinds(report: audit.Report) -> set[Kind]:
    return {problem.kind for problem in report.problems}


@pytest.mark.parametrize("seed", SEEDS)
def test_untouched_is_intact(seed: int, fill: Fill) -> None:
    fill(seed)
    report = verified()
    assert report.ok
    assert (report.entries, report.checkpoints) == (SIZE, 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_edit_is_found(seed: int, fill: Fill, attacker: None) -> None:
    fill(seed)
    victim = Random(seed).randint(1, SIZE)
    change = Random(seed).choice(
        [
            {"detail": '{"rows":0}'},
            {"user_id": 8},
            {"actor_name": "王 芳"},
            {"verb": "close"},
            {"object_ref": "data.Asset:0"},
            {"outcome": "refused"},
            {"purpose": ""},
            {"roles": ""},
            {"simulated": True},
            {"on_behalf_of": ""},
            {"assurance": 3},
            {"time": "2020-01-01T00:00:00Z"},
        ]
    )
    raw(AuditEntry).filter(sequence=victim).update(**change)
    (problem,) = verified().problems
    assert (problem.sequence, problem.kind) == (victim, Kind.ALTERED)


@pytest.mark.parametrize("seed", SEEDS)
def test_deletion_is_found(seed: int, fill: Fill, attacker: None) -> None:
    fill(seed)
    random = Random(seed)
    first = random.randint(1, SIZE - 4)
    count = random.randint(1, 3)
    raw(AuditEntry).filter(sequence__gte=first, sequence__lt=first + count).delete()
    (problem,) = verified().problems
    assert (problem.sequence, problem.kind) == (first, Kind.MISSING)


@pytest.mark.parametrize("seed", SEEDS)
def test_deletion_with_renumbering_is_found(seed: int, fill: Fill, attacker: None) -> None:
    fill(seed)
    victim = Random(seed).randint(1, SIZE - 1)
    raw(AuditEntry).filter(sequence=victim).delete()
    for sequence in range(victim + 1, SIZE + 1):
        raw(AuditEntry).filter(sequence=sequence).update(sequence=sequence - 1)
    rehash_from(victim)
    assert kinds(verified()) == {Kind.REWRITTEN, Kind.TRUNCATED}


@pytest.mark.parametrize("seed", SEEDS)
def test_swap_is_found(seed: int, fill: Fill, attacker: None) -> None:
    fill(seed)
    one, two = sorted(Random(seed).sample(range(1, SIZE + 1), 2))
    raw(AuditEntry).filter(sequence=one).update(sequence=SIZE + 1000)
    raw(AuditEntry).filter(sequence=two).update(sequence=one)
    raw(AuditEntry).filter(sequence=SIZE + 1000).update(sequence=two)
    report = verified()
    altered = {problem.sequence for problem in report.problems if problem.kind is Kind.ALTERED}
    assert altered == {one, two}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("careful", [False, True])
def test_truncation_is_found(seed: int, careful: bool, fill: Fill, attacker: None) -> None:
    fill(seed)
    left = Random(seed).randint(0, SIZE - 1)
    raw(AuditEntry).filter(sequence__gt=left).delete()
    if careful:  # the head and later checkpoints go too; the file outside stays
        last = raw(AuditEntry).order_by("-sequence").first()
        Stream.objects.update(size=left, hash=last.hash if last else GENESIS)
        raw(Checkpoint).filter(size__gt=left).delete()
    report = verified()
    (cut,) = [problem for problem in report.problems if problem.kind is Kind.TRUNCATED]
    assert cut.sequence == left + 1
    assert (Kind.LOST_CHECKPOINT in kinds(report)) == careful


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("checkpoints", ["kept", "deleted", "signed with another key"])
def test_rewriting_is_found(seed: int, checkpoints: str, fill: Fill, attacker: None) -> None:
    fill(seed)
    victim = Random(seed).randint(1, SIZE)
    raw(AuditEntry).filter(sequence=victim).update(detail='{"rows":0}')
    rehash_from(victim)
    if checkpoints == "deleted":
        raw(Checkpoint).delete()
    elif checkpoints != "kept":
        resign_table()
    report = verified()
    (rewritten,) = [problem for problem in report.problems if problem.kind is Kind.REWRITTEN]
    sizes = [size for size in all_sizes() if size < victim]
    assert rewritten.sequence == max(sizes, default=0) + 1
    expected = {"kept": None, "deleted": Kind.LOST_CHECKPOINT}.get(checkpoints, Kind.FORGED_CHECKPOINT)
    assert kinds(report) == {Kind.REWRITTEN} | ({expected} if expected else set())


def all_sizes() -> list[int]:
    return [int(note.split("\n")[1]) for note in outside.read("main").notes]


def resign_table() -> None:
    """Make the table's checkpoints agree with the rewritten chain, signed by a key of our own."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    tree, key = hasher("sha256"), Ed25519PrivateKey.generate()
    leaves = [
        tree.leaf(bytes.fromhex(own))
        for own in raw(AuditEntry).order_by("sequence").values_list("hash", flat=True)
    ]
    for row in raw(Checkpoint).all():
        state = CompactRange(tree).extend(leaves[: row.size])
        note = sign(SignedHead(origin("main"), state.head()), key)
        nodes = ",".join(node.hex() for node in state.nodes)
        raw(Checkpoint).filter(pk=row.pk).update(root=state.root().hex(), note=note, nodes=nodes)


def test_insertion_beyond_the_head_is_found(fill: Fill, attacker: None) -> None:
    fill(1)
    entry = raw(AuditEntry).get(sequence=SIZE)
    entry.pk, entry.sequence = None, SIZE + 1
    raw(AuditEntry).bulk_create([entry])
    assert [(p.sequence, p.kind) for p in verified().problems] == [(SIZE + 1, Kind.SURPLUS)]


def test_duplicate_sequence_is_found(fill: Fill, attacker: None) -> None:
    fill(1)
    constraint = AuditEntry._meta.constraints[0]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("CREATE TABLE copy AS SELECT * FROM audit_auditentry")
            cursor.execute("DROP TABLE audit_auditentry")
            cursor.execute("ALTER TABLE copy RENAME TO audit_auditentry")
        else:
            cursor.execute(f"ALTER TABLE audit_auditentry DROP CONSTRAINT {constraint.name}")
        cursor.execute("UPDATE audit_auditentry SET sequence = 5 WHERE sequence = 6")
    assert {Kind.DUPLICATE, Kind.MISSING} <= kinds(verified())


def test_a_stream_wholly_deleted_is_found(fill: Fill, attacker: None) -> None:
    fill(1)
    for model in (AuditEntry, Checkpoint, Stream):
        raw(model).delete()
    report = audit.verify()
    assert Kind.NO_HEAD in kinds(report)


def test_nonsense_in_columns_is_found(fill: Fill, attacker: None) -> None:
    fill(1)
    raw(AuditEntry).filter(sequence=3).update(hash="no hash")
    raw(AuditEntry).filter(sequence=9).update(time="1999-01-01T00:00:00Z")
    assert {p.sequence for p in verified().problems if p.kind is Kind.ALTERED} == {3, 9}


def test_a_walk_stops_after_many_problems(fill: Fill, attacker: None) -> None:
    fill(1, entries=130)
    raw(AuditEntry).update(purpose="另一目的")
    assert len(verified().problems) == 100


def test_a_checkpoint_row_that_differs_from_its_text_is_found(fill: Fill, attacker: None) -> None:
    fill(1)
    raw(Checkpoint).filter(size=SIZE).update(root="00" * 32)
    assert kinds(verified()) == {Kind.FORGED_CHECKPOINT}


def test_two_signed_roots_of_one_size_are_a_fork(fill: Fill, attacker: None) -> None:
    fill(1)
    from quancheng.kernel.audit.keys import signing_key

    other = sign(SignedHead(origin("main"), TreeHead(SIZE, b"\x01" * 32)), signing_key())
    raw(Checkpoint).filter(size=SIZE).update(note=other, root="01" * 32)
    assert Kind.FORKED in kinds(verified())


def test_the_file_outside_lost_is_said(fill: Fill, home: Path) -> None:
    fill(1)
    outside.log_file("main").unlink()
    assert kinds(verified()) == {Kind.LOST_CHECKPOINT}


def test_without_the_key_nothing_is_trusted(fill: Fill, home: Path) -> None:
    fill(1)
    key_file().unlink()
    assert kinds(verified()) == {Kind.FORGED_CHECKPOINT}


def test_a_checkpoint_of_another_stream_does_not_count(fill: Fill) -> None:
    fill(1)
    fill(2, stream="uses")
    outside.log_file("main").write_text(outside.log_file("uses").read_text())
    assert Kind.FORGED_CHECKPOINT in kinds(verified())


def test_nothing_is_signed_over_a_broken_chain(fill: Fill, attacker: None) -> None:
    fill(1)
    fill(2, stream="uses")
    audit.record(audit_actor(), "open")
    audit.record(audit_actor(), "open")
    raw(AuditEntry).filter(stream="main", sequence=SIZE + 1).delete()
    with pytest.raises(audit.AuditBroken, match=f"{SIZE + 1}"):
        audit.checkpoint()
    audit.record(audit_actor(), "open", stream="uses")
    with pytest.raises(audit.AuditBroken):
        audit.checkpoint_all()
    assert audit.verify("uses").checkpoints == 5  # the other stream was signed all the same


def test_an_altered_checkpoint_state_is_not_extended(fill: Fill, attacker: None) -> None:
    fill(1)
    audit.record(audit_actor(), "open")
    for changed in ({"nodes": ",".join(["00" * 32] * SIZE.bit_count())}, {"hash": "00"}):
        model = Checkpoint if "nodes" in changed else Stream
        raw(model).filter(**({"size": SIZE} if model is Checkpoint else {})).update(**changed)
        with pytest.raises(audit.AuditBroken):
            audit.checkpoint()


def audit_actor() -> Any:
    from quancheng.kernel.actor import Actor

    return Actor.system("tests")
