"""Remembered deeds."""

from __future__ import annotations

from django.db import models


class Deed(models.Model):
    """One action done under a caller's key, and what came of it."""

    action = models.CharField(max_length=120)
    scope = models.CharField(max_length=80)
    """Whose key: ``user:12``, ``system:water`` …; keys of different callers never meet."""
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    """SHA-256 of the arguments; another payload under the same key is a conflict."""
    result = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["action", "scope", "key"], name="deed_once"),
        ]
