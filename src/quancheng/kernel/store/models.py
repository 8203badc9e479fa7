"""The manifest: which files make up which version of which table."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class TableHead(models.Model):
    """Newest version of a table; locked while a version is added."""

    name = models.CharField(max_length=127, primary_key=True)
    version = models.BigIntegerField(default=0)
    oldest = models.BigIntegerField(default=0)
    """Oldest version whose files are all kept."""
    columns = models.JSONField(default=dict)
    """Type by column name when last written."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class Segment(models.Model):
    """One immutable file. Visible in versions ``added_version`` ≤ v < ``removed_version``."""

    table = models.CharField(max_length=127)
    partition = models.CharField(max_length=100)
    added_version = models.BigIntegerField()
    removed_version = models.BigIntegerField(null=True)
    """Version in which compaction replaced it; null while it is current."""
    path = models.CharField(max_length=300)
    """Relative to the store's folder."""
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    bounds = models.JSONField(default=dict)
    """Least and greatest value of each sort column, for pruning."""
    key = models.CharField(max_length=200, null=True)
    run = models.CharField(max_length=200, default="")
    """The job or pipeline run that wrote it."""
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    file_removed = models.BooleanField(default=False)
    """The file has expired; the row stays for lineage and idempotency."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["table", "added_version"], name="store_one_version"),
            models.UniqueConstraint(
                fields=["table", "key"], condition=Q(key__isnull=False), name="store_once_a_key"
            ),
            models.UniqueConstraint(fields=["path"], name="store_one_path"),
        ]
        indexes = [
            models.Index(fields=["table", "removed_version", "partition"], name="store_current"),
            models.Index(fields=["table", "created_at"], name="store_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.table}@{self.added_version} {self.partition} ({self.rows})"
