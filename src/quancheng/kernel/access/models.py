"""Single grants: one user, one object, one verb, one purpose, until a moment."""

from __future__ import annotations

from django.db import models

from quancheng.kernel.models import GuardedModel


class Grant(GuardedModel):
    """授权: an exception to the rules, always with purpose and expiry."""

    user_id = models.BigIntegerField()
    model = models.CharField(max_length=80)
    object_id = models.BigIntegerField()
    verb = models.CharField(max_length=40)
    purpose = models.CharField(max_length=200)
    granted_by = models.CharField(max_length=120)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "授权"
        indexes = [models.Index(fields=["user_id", "model", "verb"], name="grant_lookup")]
