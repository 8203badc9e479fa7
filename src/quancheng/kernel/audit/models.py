"""Tables of the audit. Entries and checkpoints are append-only, in Python and in the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NoReturn

from django.db import models

from quancheng.kernel.audit.canonical import FIELDS, Row, entry_text
from quancheng.kernel.audit.errors import AppendOnly


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows are added by :meth:`append` and by nothing else."""

    def append(self, rows: Sequence[Any]) -> list[Any]:
        """Add new rows; for the audit package only."""
        return super().bulk_create(rows, batch_size=500)

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(self.model._meta.label)

    def bulk_update(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(self.model._meta.label)

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly(self.model._meta.label)

    def delete(self) -> NoReturn:
        raise AppendOnly(self.model._meta.label)

    def _raw_delete(self, using: str | None) -> NoReturn:
        raise AppendOnly(self.model._meta.label)


class AppendOnlyModel(models.Model):
    """A table whose rows are never changed; triggers of migration 0001 say the same."""

    objects: ClassVar[Any] = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(self._meta.label)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(self._meta.label)


class Stream(models.Model):
    """Head of one chain 链头: locked while an entry is added, so the chain never forks."""

    name = models.CharField(max_length=64, primary_key=True)
    algorithm = models.CharField(max_length=16)
    size = models.BigIntegerField(default=0)
    """Sequence of the last entry."""
    hash = models.CharField(max_length=64)
    """Hash of the last entry."""

    def __str__(self) -> str:
        return f"{self.name}@{self.size}"


class AuditEntry(AppendOnlyModel):
    """One deed 审计记录."""

    stream = models.CharField(max_length=64)
    sequence = models.BigIntegerField()
    """1, 2, 3 … in its stream, without gaps."""
    time = models.DateTimeField()
    action = models.CharField(max_length=120)
    verb = models.CharField(max_length=120)
    object_ref = models.CharField(max_length=200)
    """``services.Case:12``; empty when the deed has no single object."""
    outcome = models.CharField(max_length=32)
    purpose = models.CharField(max_length=200)
    detail = models.TextField()
    """Canonical JSON text; :attr:`details` is its value."""
    user_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    firm_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=16)
    actor_name = models.CharField(max_length=200)
    module = models.CharField(max_length=64)
    roles = models.TextField()
    """Role ids held then, sorted, with commas."""
    assurance = models.SmallIntegerField()
    on_behalf_of = models.CharField(max_length=200)
    simulated = models.BooleanField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "sequence"], name="audit_one_chain"),
        ]
        indexes = [
            models.Index(fields=["object_ref", "id"], name="audit_object"),
            models.Index(fields=["user_id", "id"], name="audit_user"),
            models.Index(fields=["verb", "id"], name="audit_verb"),
            models.Index(fields=["time"], name="audit_time"),
        ]

    def __str__(self) -> str:
        return f"{self.stream}#{self.sequence} {self.verb} {self.object_ref}".rstrip()

    @property
    def details(self) -> dict[str, Any]:
        """The detail as a value."""
        value: dict[str, Any] = json.loads(self.detail)
        return value

    def row(self) -> Row:
        """The hashed columns."""
        return tuple(getattr(self, name) for name in FIELDS)

    def canonical(self, algorithm: str) -> str:
        """The text whose hash is :attr:`hash`."""
        return entry_text(self.stream, algorithm, self.row())


class Checkpoint(AppendOnlyModel):
    """A signed head of the tree over a stream's entries 检查点."""

    stream = models.CharField(max_length=64)
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    note = models.TextField()
    """C2SP signed note, as kept outside."""
    nodes = models.TextField()
    """Compact range at this size (hex, with commas): where the next checkpoint goes on."""
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "size"], name="audit_one_checkpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.stream}@{self.size} {self.root[:12]}"


class TreeNode(models.Model):
    """Hash of a perfect subtree of 256, 65,536 … entries: short cuts for proofs, derived data."""

    stream = models.CharField(max_length=64)
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "level", "index"], name="audit_one_node"),
        ]
