"""Databases, SFTP and an object store: real protocols against programs of others."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.collection import servers
from tests.capabilities.collection.test_connectors import fetched, rows_in

from quancheng.kernel.errors import PartnerFailed
from quancheng.testing.postgres import Postgres, PostgresMissing

MAKE = """CREATE TABLE people (id integer primary key, name varchar(40), money numeric(12,2), born date, seen timestamp, note varchar(10))"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    try:
        with Postgres() as one:
            yield one
    except PostgresMissing as missing:
        pytest.skip(str(missing))


def fill(cursor: Any, first: int, last: int) -> None:
    for at in range(first, last):
        cursor.execute(
            "INSERT INTO people VALUES (%s,%s,%s,%s,%s,%s)",
            (at, f"张{at}", Decimal("1.10") * at, "2026-07-01", f"2026-07-18 {at % 24:02d}:00:00", None),
        )


def read_twice(kind: str, settings: dict[str, Any], secrets: dict[str, str], more: Any) -> None:
    """All rows, then by the watermark only what is as new as the last and newer."""
    content, cursor = fetched(kind, settings | {"watermark": "id"}, secrets)
    rows = rows_in(content)
    assert len(rows) == 30 and rows[3] == {
        "id": 3, "name": "张3", "money": "3.30", "born": "2026-07-01", "seen": "2026-07-18T03:00:00", "note": None,
    }  # fmt: skip
    assert cursor == {"mark": {"kind": "number", "value": "29"}}
    more()
    content, cursor = fetched(kind, settings | {"watermark": "id", "columns": "id,name"}, secrets, cursor)
    assert rows_in(content) == [{"id": at, "name": f"张{at}"} for at in range(29, 33)]
    assert fetched(kind, settings | {"watermark": "id"}, secrets, cursor)[1] == cursor
    with pytest.raises(PartnerFailed):
        fetched(kind, settings | {"table": "absent"}, secrets)


@pytest.mark.postgres
def test_postgresql_by_a_cursor_of_the_server(postgres: Postgres) -> None:
    import psycopg

    with psycopg.connect(postgres.url, autocommit=True) as line:
        line.execute(MAKE)
        fill(line.cursor(), 0, 30)
        settings = {
            "host": "127.0.0.1",
            "port": postgres.port,
            "database": "postgres",
            "user": "quancheng",
            "table": "public.people",
            "sslmode": "disable",
        }
        read_twice("postgres", settings, {}, lambda: fill(line.cursor(), 30, 33))


def test_mariadb_by_an_unbuffered_cursor(tmp_path_factory: pytest.TempPathFactory) -> None:
    import pymysql

    with servers.mariadb(tmp_path_factory.mktemp("maria") / "m") as port:
        line = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
        cursor = line.cursor()
        for one in (
            "CREATE DATABASE city CHARACTER SET utf8mb4",
            "USE city",
            MAKE,
            "CREATE USER reader IDENTIFIED BY 'geheim'",
            "GRANT SELECT ON city.* TO reader",
        ):
            cursor.execute(one)
        fill(cursor, 0, 30)
        settings = {
            "host": "127.0.0.1",
            "port": port,
            "database": "city",
            "user": "reader",
            "table": "people",
        }
        read_twice("mysql", settings, {"password": "geheim"}, lambda: fill(cursor, 30, 33))
        with pytest.raises(PartnerFailed):
            fetched("mysql", settings, {"password": "falsch"})
        line.close()


def test_sftp_with_a_pinned_host_key(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for at, name in enumerate(["day-1.csv", "day-2.csv", "other.txt"]):
        (tmp_path / "out" / name).write_bytes(name.encode() * 50_000)
        os.utime(tmp_path / "out" / name, (time.time() - 100 + at,) * 2)
    with servers.sftp(tmp_path) as peer:
        settings = {
            "host": "127.0.0.1",
            "port": peer.port,
            "user": "civil",
            "path": "/out",
            "pattern": "day-*.csv",
            "host_key": peer.host_key,
        }
        content, cursor = fetched("sftp", settings, {"password": "geheim"})
        assert content == b"day-2.csv" * 50_000
        assert fetched("sftp", settings, {"password": "geheim"}, cursor) == (None, {})
        with pytest.raises(PartnerFailed):
            fetched("sftp", settings, {"password": "falsch"})
        import paramiko

        other = paramiko.ECDSAKey.generate()
        forged = settings | {"host_key": f"{other.get_name()} {other.get_base64()}"}
        with pytest.raises(PartnerFailed, match="SFTP"):
            fetched("sftp", forged, {"password": "geheim"})


def test_an_object_store_gives_its_newest_file() -> None:
    import boto3

    with servers.object_store() as url:
        client = boto3.client(
            "s3", endpoint_url=url, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1"
        )
        client.create_bucket(Bucket="city")
        client.put_object(Bucket="city", Key="in/a.csv", Body="编号\n1\n".encode())
        time.sleep(1.1)
        client.put_object(Bucket="city", Key="in/b.csv", Body="编号\n2\n".encode())
        from quancheng.kernel import clock

        settings = {"endpoint": url, "bucket": "city", "prefix": "in", "pattern": "*.csv", "access_key": "k"}
        assert fetched("s3", settings, {"secret_key": "s"}) == (None, {})  # both may still be growing
        from datetime import timedelta

        with clock.at(clock.now() + timedelta(minutes=5)):
            content, cursor = fetched("s3", settings, {"secret_key": "s"})
            assert content is not None and content.decode() == "编号\n2\n"
            assert fetched("s3", settings, {"secret_key": "s"}, cursor) == (None, {})
            with pytest.raises(PartnerFailed):
                fetched("s3", settings | {"bucket": "absent"}, {"secret_key": "s"})
