"""Signed checkpoints: the note, the key, the file outside, proofs, commands."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.db import IntegrityError, transaction

from quancheng.core.merkle import ProofError
from quancheng.kernel import audit, clock, keyfile
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit import commands, keys, outside
from quancheng.kernel.audit.models import AuditEntry, Checkpoint, TreeNode
from quancheng.kernel.audit.signednote import BadNote, open_note
from quancheng.kernel.errors import NotFound

pytestmark = pytest.mark.django_db
Fill = Callable[..., str]


def test_checkpoint_is_a_c2sp_note(fill: Fill, settings: Any) -> None:
    fill(1, entries=5, checkpoints=2)
    note = audit.head()
    assert note is not None
    origin, size, root, empty, signature, _end = note.split("\n")
    assert (origin, size, empty) == (f"{settings.CITY}.quancheng/audit/main", "5", "")
    assert signature.startswith(f"— {origin} ")
    name, key_id, key = audit.verifier_key().split("+", 2)
    assert name == origin
    assert len(key_id) == 8
    said = open_note(note, keys.trusted_keys())
    assert (said.head.size, said.algorithm) == (5, "sha256")
    assert root
    assert key


def test_the_opened_note_of_the_specification() -> None:
    """The example of https://c2sp.org/signed-note (also golang.org/x/mod/sumdb/note)."""
    key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    from base64 import b64decode

    public = Ed25519PublicKey.from_public_bytes(b64decode(key.split("+", 2)[2])[1:])
    assert keys.key_id("PeterNeumann", public).hex() == "c74f20a3"
    signature = b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    text = (
        "If you think cryptography is the answer to your problem,\n"
        + "then you don't know what your problem is.\n"
    )
    public.verify(signature[4:], text.encode())


def test_key_is_made_once_and_private(home: Path) -> None:
    first = keys.signing_key().public_key()
    assert keys.signing_key().public_key() == first
    assert stat.S_IMODE(keys.key_file().stat().st_mode) == 0o600
    keyfile._make(keys.key_file())  # a second process starting at the same moment
    assert keys.signing_key().public_key() == first
    assert list((home / "keys").iterdir()) == [keys.key_file()]


def test_a_rotated_key_still_counts(fill: Fill) -> None:
    fill(1)
    old = keys.signing_key().public_key()
    keys.key_file().unlink()
    audit.record(Actor.system("t"), "x")
    audit.checkpoint()
    assert not audit.verify().ok
    kept = keys.key_file().with_name("audit-ed25519-2025.pub")
    kept.write_bytes(old.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert audit.verify().ok


def test_other_kinds_of_key_are_refused(home: Path) -> None:
    keys.signing_key()
    other = X25519PrivateKey.generate()
    public = keys.key_file().with_name("audit-ed25519-x.pub")
    public.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ValueError, match="public key"):
        keys.trusted_keys()
    keys.key_file().write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ValueError, match="private key"):
        keys.signing_key()


@pytest.mark.parametrize(
    ("change", "reason"),
    {
        "no signature part": (lambda note: note.split("\n\n")[0], "not a signed note"),
        "no last newline": (lambda note: note[:-1], "not a signed note"),
        "size is no number": (lambda note: note.replace("\n5\n", "\nfive\n"), "lines"),
        "root is no base64": (lambda note: note.replace("\n5\n", "\n5\n*"), "base64"),
        "another size": (lambda note: note.replace("\n5\n", "\n6\n"), "trusted"),
        "signature is no base64": (lambda note: note[:-3] + "*\n", "trusted"),
        "another's name": (lambda note: note.replace("— ", "— x"), "trusted"),
    }.values(),
)
def test_malformed_notes(fill: Fill, change: Callable[[str], str], reason: str) -> None:
    fill(1, entries=5, checkpoints=2)
    note = change(audit.head() or "")
    with pytest.raises(BadNote, match=reason):
        open_note(note, keys.trusted_keys())
    with pytest.raises(BadNote):
        open_note(note, [Ed25519PrivateKey.generate().public_key()])


def test_nothing_new_is_not_signed_again(fill: Fill) -> None:
    fill(1)
    assert audit.checkpoint() == Checkpoint.objects.order_by("-size").first()
    assert Checkpoint.objects.count() == len(outside.read("main").notes) == 4
    assert audit.checkpoint("unknown") is None
    assert audit.head("unknown") is None


def test_not_in_a_transaction(fill: Fill) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        audit.checkpoint()


def test_a_copy_missed_by_a_crash_is_caught_up(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(1)
    audit.record(Actor.system("t"), "x")
    with monkeypatch.context() as patch:
        patch.setattr(outside, "append", lambda *_: 0)  # killed before the file was written
        audit.checkpoint()
    assert len(outside.read("main").notes) == 4
    assert audit.verify().ok
    audit.checkpoint()
    assert len(outside.read("main").notes) == 5


def test_a_torn_line_is_remarked_and_written_again(fill: Fill) -> None:
    fill(1)
    path = outside.log_file("main")
    path.write_bytes(path.read_bytes()[:-30])
    report = audit.verify()
    assert report.ok
    assert len(report.remarks) == 1
    audit.checkpoint()
    assert len(outside.read("main").notes) == 4
    assert audit.verify().ok


def test_a_head_signed_by_two_processes_at_once(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(1)
    audit.record(Actor.system("t"), "x")
    from quancheng.kernel.audit import checkpointing

    def beaten(stream: str, _made: object) -> None:
        raise IntegrityError("audit_one_checkpoint")

    first = audit.checkpoint()
    row = Checkpoint.objects.get(size=41)
    monkeypatch.setattr(checkpointing, "_keep_nodes", beaten)
    from quancheng.kernel.audit.models import Stream

    before = Checkpoint.objects.get(size=40)
    assert checkpointing._extend(Stream.objects.get(pk="main"), before) == row == first


def test_verification_since_a_moment(fill: Fill, clerk: Actor) -> None:
    fill(1)
    later = clock.now() + timedelta(hours=1)
    with clock.at(later + timedelta(hours=1)):
        audit.record_many([audit.Fact(clerk, "x") for _ in range(5)])
        audit.checkpoint()
    report = audit.verify(since=later)
    assert report.ok
    assert report.entries == 5
    assert audit.verify(since=later - timedelta(days=9)).entries == 45


@pytest.mark.parametrize("change", [{"nodes": "xx"}, {"nodes": "00" * 32 + "," + "00" * 32}, {"root": "00"}])
def test_since_an_altered_checkpoint_walks_from_the_start(fill: Fill, change: dict[str, str]) -> None:
    from django.db import connection, models

    from quancheng.kernel.audit import guards

    fill(1)
    with guards.suspended(connection):
        models.QuerySet(Checkpoint).filter(size=40).update(**change)
    assert audit.verify(since=clock.now() + timedelta(hours=1)).entries == 40


def test_proofs_of_many_sizes(clerk: Actor) -> None:
    """Over kept nodes of level 8 and loose leaves alike."""
    entries: list[AuditEntry] = []
    for count in (1, 2, 254, 1, 300, 500):
        entries += audit.record_many([audit.Fact(clerk, "x", f"y:{n}") for n in range(count)])
        audit.checkpoint()
    assert TreeNode.objects.filter(level=8).count() == len(entries) // 256
    for entry in entries[::37]:
        proof = audit.inclusion_proof(entry)
        proof.verify()
        assert set(proof.to_dict()) == {"entry", "index", "path", "note"}
        forged = audit.InclusionProof(proof.entry.replace("y:", "z:"), proof.index, proof.path, proof.note)
        with pytest.raises(ProofError):
            forged.verify()
    with pytest.raises(BadNote):
        proof.verify([Ed25519PrivateKey.generate().public_key()])
    with pytest.raises(NotFound, match="minute"):
        audit.inclusion_proof(audit.record(clerk, "x"))
    TreeNode.objects.all().delete()
    with pytest.raises(BadNote, match="level 8"):
        audit.inclusion_proof(entries[0])


def test_commands(fill: Fill, home: Path) -> None:
    said: list[str] = []
    assert commands.head(said.append) == 1
    fill(1)
    fill(2, stream="uses")
    assert commands.head(said.append, stream="uses") == 0
    assert commands.checkpoint(said.append) == 0
    assert commands.checkpoint(said.append, stream="main") == 0
    assert commands.checkpoint(said.append, stream="none") == 0
    assert commands.verify(said.append) == 0
    assert "2 流" in said[-2]
    path = outside.log_file("main")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], json.dumps({"note": "x"}), "torn"]) + "\n")
    assert commands.verify(said.append, stream="main") == 1
    assert any(line.startswith("✗") for line in said)


def test_command_says_a_broken_chain(fill: Fill) -> None:
    from quancheng.kernel.audit.models import Stream

    fill(1)
    audit.record(Actor.system("t"), "x")
    Stream.objects.update(hash="00")
    said: list[str] = []
    assert commands.checkpoint(said.append) == 1
    assert said[0].startswith("✗")
