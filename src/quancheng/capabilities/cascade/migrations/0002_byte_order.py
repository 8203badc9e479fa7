"""Rows are ordered by the bytes of their ids on all nodes; PostgreSQL's default order is a language's."""

from typing import Any

from django.db import migrations


def by_bytes(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for column in ("origin", "local"):
            schema_editor.execute(
                f'ALTER TABLE cascade_holding ALTER COLUMN {column} TYPE varchar(200) COLLATE "C"'
            )


class Migration(migrations.Migration):
    dependencies = [("cascade", "0001_initial")]
    operations = [migrations.RunPython(by_bytes, migrations.RunPython.noop)]
