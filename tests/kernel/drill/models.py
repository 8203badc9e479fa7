from __future__ import annotations

from django.db import models


class Effect(models.Model):
    """One effect of one handler or job; duplicates are allowed so that they can be counted."""

    name = models.CharField(max_length=80)
    subject = models.CharField(max_length=80)
    number = models.IntegerField(default=0)
    process = models.IntegerField(default=0)
