"""Reads of supervision; each asks its right first."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import DataError, models, transaction
from django.db.models import CharField, Max, QuerySet
from django.db.models.functions import Cast

from quancheng.capabilities.protect.actions import VERIFY
from quancheng.core.merkle import ProofError
from quancheng.core.text import Text
from quancheng.kernel import access, audit, pagination
from quancheng.kernel.actor import Actor
from quancheng.kernel.audit import outside
from quancheng.kernel.audit.keys import trusted_keys
from quancheng.kernel.audit.models import AuditEntry, Checkpoint, Stream
from quancheng.kernel.audit.queries import search
from quancheng.kernel.audit.signednote import BadNote, open_note
from quancheng.kernel.errors import InvalidInput, NotFound
from quancheng.kernel.events.models import Delivery
from quancheng.kernel.jobs.models import Job

M = TypeVar("M", bound=models.Model)
USES = "uses"
NIGHTLY = "kernel.audit_verify"
NEWEST_FIRST = ("-id",)
JOBS_NEWEST_FIRST = ("-created_at", "-ref")


@dataclass(frozen=True, slots=True)
class Head:
    """How far a stream goes and how far it is sealed."""

    name: str
    algorithm: str
    size: int
    sealed: int
    sealed_at: datetime | None

    @property
    def open(self) -> int:
        """Entries not under a checkpoint yet."""
        return max(0, self.size - self.sealed)


@dataclass(frozen=True, slots=True)
class Seal:
    """A checkpoint with what its note says of the signature."""

    row: Checkpoint
    key: str
    """Key id of the signature, hex; empty when the note cannot be read."""
    trusted: bool


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Whether an entry is provably in the log: ``sealed``, ``waiting`` or ``broken``."""

    state: str
    proof: audit.InclusionProof | None = None
    reason: str = ""


def page(rows: QuerySet[M], order: Sequence[str], params: Mapping[str, Any]) -> pagination.Page[M]:
    """A page of rows. Raises InvalidInput also for cursors no database can read."""
    try:
        return pagination.page(rows, order, params)
    except (OverflowError, DataError) as broken:
        raise InvalidInput(Text("翻页位置无效。", "The page cursor is not valid.")) from broken


# -- audit ----------------------------------------------------------------------------------
def entries(
    actor: Actor,
    *,
    name: str = "",
    verb: str = "",
    object_ref: str = "",
    stream: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """审计记录 newest first. Raises NotSignedIn, Forbidden."""
    access.require(actor, "view", AuditEntry)
    found: QuerySet[AuditEntry] = search(name, verb, object_ref, since, until, stream=stream)
    return found & access.visible(actor, AuditEntry)


def open_entry(actor: Actor, stream: str, sequence: int) -> AuditEntry:
    """One entry with its details; the look is itself audited. Raises NotSignedIn, Forbidden, NotFound."""
    found = entries(actor, stream=stream).filter(sequence=sequence).first()
    if found is None:
        raise NotFound(
            Text(f"审计流 {stream} 没有第 {sequence} 条。", f"Stream {stream} has no entry {sequence}.")
        )
    with transaction.atomic():
        audit.record(actor, "protect.read", f"audit.AuditEntry:{stream}#{sequence}", stream=USES)
    return found


def inclusion(entry: AuditEntry) -> Inclusion:
    """Prove an entry against the newest checkpoint over it."""
    try:
        return Inclusion("sealed", audit.inclusion_proof(entry))
    except NotFound:
        return Inclusion("waiting")
    except (ProofError, BadNote, Stream.DoesNotExist, ValueError, TypeError) as broken:
        return Inclusion("broken", reason=str(broken))


def stream_names() -> list[str]:
    """Streams any of tables and files outside knows."""
    signed = Checkpoint.objects.values_list("stream", flat=True).distinct()
    known = Stream.objects.values_list("name", flat=True)
    return sorted(set(known) | set(signed) | outside.known_streams())


def heads() -> list[Head]:
    """Each stream with its size and its newest seal."""
    newest = {
        row["stream"]: row
        for row in Checkpoint.objects.values("stream").annotate(size=Max("size"), at=Max("created_at"))
    }
    nothing = {"size": 0, "at": None}
    found = []
    for one in Stream.objects.order_by("name"):
        seal = newest.get(one.name, nothing)
        found.append(Head(one.name, one.algorithm, one.size, seal["size"], seal["at"]))
    return found


def checkpoints(actor: Actor, *, stream: str = "") -> QuerySet[Checkpoint]:
    """检查点. Raises NotSignedIn, Forbidden."""
    access.require(actor, "view", Checkpoint)
    found = access.visible(actor, Checkpoint)
    return found.filter(stream=stream) if stream else found


def seals(rows: Sequence[Checkpoint]) -> list[Seal]:
    """Checkpoints with the key that signed each, and whether it is one of ours."""
    keys = trusted_keys()
    return [Seal(row, signing_key_id(row.note), _opens(row, keys)) for row in rows]


def signing_key_id(note: str) -> str:
    """The four bytes a signature line names its key by, in hex; empty for a broken note."""
    try:
        line = note.rstrip("\n").rsplit("\n", 1)[-1]
        return b64decode(line.rsplit(" ", 1)[-1], validate=True)[:4].hex()
    except (binascii.Error, ValueError):
        return ""


def _opens(row: Checkpoint, keys: Sequence[Any]) -> bool:
    try:
        said = open_note(row.note, keys)
    except ValueError:
        return False
    return said.head.size == row.size and said.head.root.hex() == row.root


def verification(actor: Actor, job_id: UUID) -> Job:
    """One verification asked for here. Raises NotSignedIn, Forbidden, NotFound."""
    found = jobs(actor, kind=VERIFY).filter(pk=job_id).first()
    if found is None:
        raise NotFound(Text("没有这次核验。", "There is no such verification."))
    return found


def last_verification(actor: Actor) -> Job | None:
    """The newest verification that ended, by hand or of the night."""
    over = jobs(actor).filter(kind__in=[VERIFY, NIGHTLY], state__in=[Job.State.DONE, Job.State.FAILED])
    return over.order_by("-finished_at").first()


# -- deliveries and jobs --------------------------------------------------------------------
def dead_deliveries(
    actor: Actor, *, type: str = "", subject: str = "", subscriber: str = ""
) -> QuerySet[Delivery]:
    """搁置的投递. Raises NotSignedIn, Forbidden."""
    access.require(actor, "view", Delivery)
    wanted = {"type__startswith": type, "subject": subject, "subscriber": subscriber}
    narrowing = {lookup: value for lookup, value in wanted.items() if value}
    return access.visible(actor, Delivery).filter(state=Delivery.State.DEAD, **narrowing)


def jobs(actor: Actor, *, state: str = "", kind: str = "") -> QuerySet[Job]:
    """后台任务; ``ref`` is the id as text, which a cursor can hold. Raises NotSignedIn, Forbidden."""
    access.require(actor, "view", Job)
    found = access.visible(actor, Job).annotate(ref=Cast("id", CharField(max_length=36)))
    narrowing = {name: value for name, value in {"state": state, "kind": kind}.items() if value}
    return found.filter(**narrowing)
