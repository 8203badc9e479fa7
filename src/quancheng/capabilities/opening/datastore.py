"""CKAN's DataStore over opened copies: what its parameters mean, as text of a URL or as JSON.

After the documentation of ckanext-datastore (CKAN 2.12), ``datastore_search`` and ``datastore_info``.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import duckdb
import pyarrow as pa

from quancheng.capabilities.opening import queries, sqlsubset
from quancheng.capabilities.tables.queries import View
from quancheng.core.catalogue import CkanError, CkanErrorType
from quancheng.core.tabular import Kind
from quancheng.kernel.errors import InvalidInput, NotFound

Params = Mapping[str, Any]
MOST = 32_000
"""Rows of one answer, as CKAN's default ``ckan.datastore.search.rows_max``."""
SECONDS = 5
"""How long a query of SQL may take."""
_TYPES = {
    Kind.INTEGER: "int8", Kind.DECIMAL: "numeric", Kind.DATE: "date", Kind.DATETIME: "timestamptz",
    Kind.BOOLEAN: "bool",
}  # fmt: skip
_KNOWN = frozenset(
    {"resource_id", "id", "filters", "q", "fields", "sort", "limit", "offset", "distinct", "records_format",
     "include_total", "total_estimation_threshold", "language", "plain", "full_text"}
)  # fmt: skip


def search(params: Params, path: str = "/api/3/action/datastore_search") -> bytes:
    """The ``result`` of ``datastore_search`` as JSON. Raises CkanError."""
    resource = _resource(params)
    if unknown := sorted(params.keys() - _KNOWN):
        raise _wrong("__extras", f"unknown: {', '.join(unknown)}")
    if params.get("full_text"):
        raise _wrong("full_text", "Not supported here; use q")
    limit, offset = whole(params, "limit", 100), whole(params, "offset", 0)
    asked: dict[str, Any] = {
        "filters": _object(params, "filters"), "q": _words(params), "fields": _names(params), "sort": _sort(params),
        "limit": limit, "offset": offset, "distinct": flag(params, "distinct"),
        "include_total": flag(params, "include_total", default=True),
        "records_format": str(params.get("records_format") or "objects"),
        "total_estimation_threshold": whole(params, "total_estimation_threshold", 0) or None,
    }  # fmt: skip
    extra = {"resource_id": resource, "_links": _links(params, path, min(limit, MOST), offset)}
    try:
        return queries.opened_view(resource).search_json(**asked, extra=extra)
    except NotFound:
        raise _unknown(resource) from None
    except InvalidInput as error:
        raise CkanError(
            CkanErrorType.VALIDATION,
            fields={name: [text.en] for name, text in error.fields.items()} or {"message": [error.detail.en]},
        ) from error


def info(params: Params) -> dict[str, Any]:
    """The ``result`` of ``datastore_info``: rows and columns. Raises CkanError."""
    resource = _resource(params)
    try:
        view = queries.opened_view(resource)
    except NotFound:
        raise _unknown(resource) from None
    fields = [
        {"id": one.name, "type": _TYPES.get(one.kind, "text"), "info": {"label": one.text.zh, "label_en": one.text.en},
         "schema": {"native_type": _TYPES.get(one.kind, "text"), "notnull": one.name in view.schema.key,
                    "is_index": one.name in view.schema.key, "index_name": None, "uniquekey": one.name in view.schema.key}}
        for one in view.schema.columns
    ]  # fmt: skip
    meta = {
        "id": resource,
        "count": view.rows,
        "table_type": "BASE TABLE",
        "aliases": [],
        "version": view.version,
    }
    return {"meta": meta, "fields": fields}


def search_sql(params: Params) -> dict[str, Any]:
    """The ``result`` of ``datastore_search_sql``: a SELECT over one opened table. Raises CkanError."""
    text = params.get("sql")
    if not isinstance(text, str) or not text.strip():
        raise _wrong("sql", "Missing value")
    try:
        asked = sqlsubset.read(text, MOST)
    except sqlsubset.RefusedError as error:
        raise _wrong("sql", f"{error}") from error
    try:
        view = queries.opened_view(asked.resource)
    except NotFound:
        raise _unknown(asked.resource) from None
    found = _answered(view, asked.sql)
    rows = [
        {name: _plain(value) for name, value in row.items()}
        for row in found.slice(0, asked.limit).to_pylist()
    ]
    fields = [{"id": one.name, "type": _native(one.type)} for one in found.schema]
    made: dict[str, Any] = {"records": rows, "fields": fields, "sql": text}
    if found.num_rows > asked.limit == MOST:
        made["records_truncated"] = True
    return made


def _answered(view: View, query: str) -> pa.Table:
    """The answer of a query that takes no longer than it may."""
    try:
        with view.duckdb() as connection:
            watch = threading.Timer(SECONDS, connection.interrupt)
            watch.start()
            try:
                return connection.execute(query).to_arrow_table()
            finally:
                watch.cancel()
    except duckdb.InterruptException as error:
        raise _wrong("sql", f"took longer than {SECONDS} seconds") from error
    except duckdb.Error as error:
        raise _wrong("sql", f"{error}".split("\n")[0][:300]) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, date) else value


def _native(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "int8"
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return "numeric"
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    return "date" if pa.types.is_date(kind) else "bool" if pa.types.is_boolean(kind) else "text"


def whole(params: Params, name: str, default: int) -> int:
    """A natural number; raises CkanError."""
    raw = params.get(name)
    if raw is None or raw == "":
        return default
    try:
        number = int(str(raw))
    except ValueError:
        number = -1
    if isinstance(raw, bool) or not 0 <= number <= 2**53:
        raise _wrong(name, "Must be a natural number")
    return number


def flag(params: Params, name: str, *, default: bool = False) -> bool:
    """A truth value as CKAN reads it; raises CkanError."""
    raw = params.get(name)
    if raw is None or raw == "":
        return default
    if isinstance(raw, bool):
        return raw
    word = str(raw).casefold()
    if word in {"true", "t", "yes", "y", "on", "1"}:
        return True
    if word in {"false", "f", "no", "n", "off", "0"}:
        return False
    raise _wrong(name, "Must be true or false")


def _resource(params: Params) -> str:
    found = params.get("resource_id") or params.get("id")
    if not isinstance(found, str):
        raise _wrong("resource_id", "Missing value")
    return found


def _object(params: Params, name: str) -> dict[str, Any] | None:
    raw = params.get(name)
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            raw = None
    if not isinstance(raw, dict):
        raise _wrong(name, "Must be a JSON object")
    return raw


def _words(params: Params) -> str | dict[str, str]:
    raw = params.get("q")
    if raw is None:
        return ""
    if (isinstance(raw, str) and raw.lstrip()[:1] == "{") or isinstance(raw, dict):
        found = _object(params, "q") or {}
        return {str(name): str(value) for name, value in found.items()}
    return str(raw)


def _names(params: Params) -> list[str] | None:
    raw = params.get("fields")
    if not raw:
        return None
    listed = raw if isinstance(raw, list) else str(raw).split(",")
    return [str(one).strip() for one in listed]


def _sort(params: Params) -> str | list[str]:
    raw = params.get("sort")
    return [str(one) for one in raw] if isinstance(raw, list) else str(raw or "")


def _links(params: Params, path: str, limit: int, offset: int) -> dict[str, str]:
    kept = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in params.items()
        if name not in {"offset", "limit"}
    }
    if limit:
        kept["limit"] = str(limit)
    return {
        "start": f"{path}?{urlencode(kept)}",
        "next": f"{path}?{urlencode(kept | {'offset': str(offset + limit)})}",
    }


def _wrong(field: str, message: str) -> CkanError:
    return CkanError(CkanErrorType.VALIDATION, fields={field: [message]})


def _unknown(resource: str) -> CkanError:
    return CkanError(CkanErrorType.NOT_FOUND, f'Resource "{resource}" was not found.')
