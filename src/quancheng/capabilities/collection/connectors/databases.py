"""数据库直连: PostgreSQL and MySQL/MariaDB, read only, streamed from a cursor of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from quancheng.capabilities.collection import config
from quancheng.capabilities.collection.connectors.base import (
    Cursor,
    Delivered,
    Source,
    finite,
    lines,
    missing,
)
from quancheng.capabilities.collection.connectors.net import Permits
from quancheng.core.text import Text
from quancheng.kernel.errors import PartnerFailed, Unavailable

FETCH = 2000
_NAME = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w$\u4e00-\u9fff]{0,62}\Z")


class _Database:
    """What both have in common.

    settings: ``host port database user``; ``table`` (``schema.table``) with ``columns`` (empty = all);
    ``watermark``: a column that only grows, for incremental feeds. Rows whose watermark equals the last one
    are read again: they may have been committed after we looked; applying them twice changes nothing.
    """

    secrets = ("password",)
    port = 0

    def faults(self, settings: Mapping[str, Any]) -> dict[str, Text]:
        """As :class:`SourceKind`."""
        wrong = missing(settings, "host", "database", "user", "table")
        names = [*str(settings.get("table", "")).split("."), *columns_of(settings)]
        mark = settings.get("watermark")
        for field, words in (
            ("table", names[:2]),
            ("columns", columns_of(settings)),
            ("watermark", [mark] if mark else []),
        ):
            if field not in wrong and any(not _NAME.match(str(word)) for word in words):
                wrong[field] = Text(
                    "名称只能是字母、数字、下划线或汉字。", "Names are letters, digits and underscores."
                )
        if not str(settings.get("port") or self.port).isdecimal():
            wrong["port"] = Text("端口应为数字。", "A port is a number.")
        return wrong

    def _query(self, settings: Mapping[str, Any], mark: Any, quote: str) -> tuple[str, list[Any]]:
        wanted = columns_of(settings)
        columns = ", ".join(_quoted(one, quote) for one in wanted) if wanted else "*"
        table = ".".join(_quoted(one, quote) for one in str(settings["table"]).split("."))
        query, values = f"SELECT {columns} FROM {table}", []  # noqa: S608
        watermark = str(settings.get("watermark") or "")
        if watermark:
            column = _quoted(watermark, quote)
            if mark is not None:
                query, values = f"{query} WHERE {column} >= %s", [mark]
            query += f" ORDER BY {column}"
        return query, values


def columns_of(settings: Mapping[str, Any]) -> list[str]:
    """The columns asked for, by comma or as a list."""
    said = settings.get("columns") or []
    return [one.strip() for one in (said.split(",") if isinstance(said, str) else said) if str(one).strip()]


def _quoted(name: str, quote: str) -> str:
    return quote + name.replace(quote, quote * 2) + quote


def _kept(mark: Any) -> dict[str, str]:
    """A watermark as JSON, with its kind, so that it is given back to the driver as what it was."""
    if isinstance(mark, datetime):
        return {"kind": "datetime", "value": mark.isoformat()}
    if isinstance(mark, date):
        return {"kind": "date", "value": mark.isoformat()}
    if isinstance(mark, int | Decimal) and not isinstance(mark, bool):
        return {"kind": "number", "value": str(mark)}
    return {"kind": "text", "value": str(mark)}


def _given(kept: Mapping[str, Any] | None) -> Any:
    if not kept:
        return None
    word = str(kept["value"])
    readers: dict[str, Any] = {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "number": Decimal,
    }
    return readers.get(str(kept["kind"]), str)(word)


def _rows(
    names: Sequence[str], fetched: Iterator[Sequence[Any]], watermark: str, kept: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Rows by name; the last watermark is kept (rows come in its order)."""
    at = list(names).index(watermark) if watermark in names else -1
    for values in fetched:
        if at >= 0 and values[at] is not None:
            kept["mark"] = values[at]
        yield {name: finite(value) for name, value in zip(names, values, strict=True)}


class Postgres(_Database):
    """PostgreSQL, by a named cursor in a read-only transaction."""

    port = 5432

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Permits
    ) -> Iterator[Delivered | None]:
        """As :class:`SourceKind`."""
        try:
            import psycopg
        except ImportError as absent:  # it is an extra of the distribution
            raise Unavailable(
                Text(
                    "未安装 PostgreSQL 驱动（quancheng[postgres]）。",
                    "The PostgreSQL driver is not installed.",
                )
            ) from absent
        host, port = str(settings["host"]), int(settings.get("port") or self.port)
        limit = int(config.seconds("FETCH_SECONDS", 1800) * 1000)
        query, values = self._query(settings, _given(cursor.get("mark")), '"')
        watermark, kept = str(settings.get("watermark") or ""), dict[str, Any]()
        try:
            with psycopg.connect(
                host=host, hostaddr=permits.address(host, port), port=port, dbname=str(settings["database"]),
                user=str(settings["user"]), password=secrets.get("password", ""), connect_timeout=15,
                sslmode=str(settings.get("sslmode") or "prefer"), application_name="quancheng-collection",
                options=f"-c default_transaction_read_only=on -c statement_timeout={limit}",
            ) as connection, connection.cursor(name="quancheng") as reading:  # fmt: skip
                reading.itersize = FETCH
                reading.execute(query.encode(), values)
                names = [column.name for column in reading.description or ()]
                source = Source(f"postgres://{host}:{port}", f"{settings['database']}.{settings['table']}")
                pieces = lines(_rows(names, iter(reading), watermark, kept))
                yield Delivered("rows.ndjson", pieces, source, lambda: _after(cursor, kept))
        except psycopg.Error as error:
            raise PartnerFailed(_said("PostgreSQL", error)) from error


class Mysql(_Database):
    """MySQL or MariaDB, by an unbuffered cursor in a read-only transaction."""

    port = 3306

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Permits
    ) -> Iterator[Delivered | None]:
        """As :class:`SourceKind`."""
        import pymysql
        from pymysql.cursors import SSCursor

        host, port = str(settings["host"]), int(settings.get("port") or self.port)
        query, values = self._query(settings, _given(cursor.get("mark")), "`")
        watermark, kept = str(settings.get("watermark") or ""), dict[str, Any]()
        seconds = int(config.seconds("FETCH_SECONDS", 1800))
        connection = None
        try:
            connection = pymysql.connect(
                host=permits.address(host, port), port=port, database=str(settings["database"]),
                user=str(settings["user"]), password=secrets.get("password", ""), charset="utf8mb4",
                connect_timeout=15, read_timeout=seconds, cursorclass=SSCursor,
            )  # fmt: skip
            with connection.cursor() as reading:
                reading.execute("START TRANSACTION READ ONLY")
                reading.execute(query, values)
                names = [str(column[0]) for column in reading.description or ()]
                source = Source(f"mysql://{host}:{port}", f"{settings['database']}.{settings['table']}")
                pieces = lines(_rows(names, iter(reading), watermark, kept))
                yield Delivered("rows.ndjson", pieces, source, lambda: _after(cursor, kept))
        except pymysql.MySQLError as error:
            raise PartnerFailed(_said("MySQL", error)) from error
        finally:
            if connection is not None:
                # an unbuffered cursor would first read all that is left; the line is simply cut
                connection._force_close()


def _after(cursor: Cursor, kept: Mapping[str, Any]) -> dict[str, Any]:
    return {"mark": _kept(kept["mark"])} if "mark" in kept else dict(cursor)


def _said(who: str, error: Exception) -> Text:
    """The driver's word without what may hold a password: its first line, cut."""
    line = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return Text(f"{who} 报错：{line}", f"{who} says: {line}")
