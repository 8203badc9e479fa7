"""Turns ``QUANCHENG_DATABASE_URL`` into a Django database entry."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous={synchronous};"
    "PRAGMA busy_timeout=20000;"
    "PRAGMA mmap_size=268435456;"
    "PRAGMA temp_store=MEMORY;"
)


def database_from_url(url: str) -> dict[str, Any]:
    """Database settings for ``sqlite:///path``, ``sqlite://:memory:`` or ``postgresql://…``.

    Raises ValueError with a sentence that says what to write instead.
    """
    if url.startswith("sqlite:"):
        return _sqlite(url)
    parts = urlsplit(url)
    if parts.scheme in {"postgres", "postgresql"}:
        return _postgresql(url)
    raise ValueError(
        "QUANCHENG_DATABASE_URL 应以 sqlite:/// 或 postgresql:// 开头。"
        " It must start with sqlite:/// or postgresql://."
    )


def _sqlite(url: str) -> dict[str, Any]:
    path = url.removeprefix("sqlite://")
    name = ":memory:" if path in {":memory:", "/:memory:"} else path[1:] if path.startswith("//") else path
    synchronous = os.environ.get("QUANCHENG_SQLITE_SYNCHRONOUS", "FULL")
    return {
        "ENGINE": "quancheng.kernel.db.sqlite",
        "NAME": name,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": SQLITE_PRAGMAS.format(synchronous=synchronous),
        },
        "TEST": {"NAME": os.environ.get("QUANCHENG_TEST_SQLITE", ":memory:")},
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or options.pop("host", "")),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
