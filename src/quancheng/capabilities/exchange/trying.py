"""试调用: the console's one call, which is a real exchange like any other, signed with the key the platform keeps."""

from __future__ import annotations

import json
from typing import Any

from quancheng.capabilities.exchange import gateway, ledger, standing
from quancheng.capabilities.exchange.actions.files import usable
from quancheng.core import exchange as core
from quancheng.core.exchange import Comparison, Operator
from quancheng.core.exchange.canonical import b64decode
from quancheng.kernel.actions import Call


def try_call(
    call: Call, *, grant: str, field: str = "", value: str = "", case: str = "", limit: int = 5
) -> dict[str, Any]:
    """One query in the consumer's name: ``{outcome, rows, reason, exchange}``. Raises as the gateway does."""
    row = usable(call, grant)
    ledger.intake.require(call.at)
    condition = Comparison(field, Operator.EQ, value) if field and value else None
    taking = standing.taking_for(row, call.at, core.Mode.QUERY, case=case, condition=condition, limit=limit)
    answer = gateway.serve(taking)
    said = json.loads(answer.body)
    body = b64decode(said["body"], "body") if said["body"] else b""
    rows = json.loads(body)["rows"] if answer.outcome is core.Outcome.DELIVERED else []
    columns = [{"key": name, "label": name} for name in (rows[0] if rows else {})]
    shown = [{name: "" if cell is None else str(cell) for name, cell in one.items()} for one in rows]
    return {
        "outcome": str(answer.outcome), "rows": shown, "columns": columns, "reason": said["header"]["reason"],
        "exchange": answer.exchange,
    }  # fmt: skip
