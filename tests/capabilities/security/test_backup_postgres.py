"""A city on PostgreSQL: dumped from one snapshot, restored into an empty database, proved there."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from quancheng.testing.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


def test_a_dump_is_restored_and_proved(postgres_url: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as server:
        for name in ("backed_up", "restored"):
            server.execute(f"CREATE DATABASE {name}")
    source, target = (postgres_url.rsplit("/", 1)[0] + f"/{name}" for name in ("backed_up", "restored"))
    (tmp_path / "passphrase").write_text("correct horse battery staple")
    city = Product(tmp_path / "home", QUANCHENG_DATABASE_URL=source, QUANCHENG_DEMO="")
    city.command("migrate")
    city.command(
        "django",
        "shell",
        "-c",
        "from quancheng.capabilities.security import queries as q; q.signer('security.service').sign(b'x')",
    )
    place = str(tmp_path / "elsewhere")
    city.command("security", "backup", place, "--passphrase-file", str(tmp_path / "passphrase"))
    said = city.command(
        "security", "restore-drill", place, "--into", str(tmp_path / "again"), "--database-url", target
    )
    assert "通过 passed" in str(said)
    with psycopg.connect(target) as restored, psycopg.connect(source) as original:
        query = "SELECT kid FROM security_key"
        assert restored.execute(query).fetchall() == original.execute(query).fetchall() != []
        drills = original.execute("SELECT good FROM security_restoredrill").fetchall()
    assert drills == [(True,)]
