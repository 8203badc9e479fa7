"""The full-text tables: FTS5 on SQLite, tsvector under GIN on PostgreSQL. They are no models."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from quancheng.capabilities.catalogue import fulltext


def make(apps: Any, editor: Any) -> None:
    fulltext.create(editor.connection.vendor, editor.execute)


def drop(apps: Any, editor: Any) -> None:
    fulltext.drop(editor.connection.vendor, editor.execute)


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_initial")]

    operations = [migrations.RunPython(make, drop)]
