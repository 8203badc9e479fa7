"""短路: rows of opened tables are asked by programs, without session or sign-in (docs/decisions/0012)."""

from __future__ import annotations

from quancheng.capabilities.opening.protocols import rows

PREFIXES = {"/api/3/action/datastore_search": rows, "/api/action/datastore_search": rows}
