"""Background work of supervision: one verification of the whole audit."""

from __future__ import annotations

import time
from typing import Any

from django.db import DatabaseError

from quancheng.capabilities.protect import queries
from quancheng.capabilities.protect.actions import VERIFY, conclude_verification
from quancheng.core.text import Text
from quancheng.kernel import audit, jobs
from quancheng.kernel.actions import Call

MOST_SHOWN = 200
"""Problems kept in the result; their number is always the whole one."""


@jobs.job(VERIFY, max_attempts=2, lease_seconds=1800)
def verify(handle: jobs.JobHandle) -> dict[str, Any]:
    """核验审计链: every stream from its first entry; what is wrong becomes the job's result."""
    began = time.perf_counter()
    names = queries.stream_names()
    whole = audit.Report(streams=len(names))
    for done, name in enumerate(names):
        handle.progress(done / len(names), Text(f"正在核验审计流 {name}", f"Verifying stream {name}"))
        handle.check()
        found = audit.verify(name)
        whole.entries += found.entries
        whole.checkpoints += found.checkpoints
        whole.problems += found.problems
        whole.remarks += found.remarks
    result = _result(whole, time.perf_counter() - began)
    result["recorded"] = _record(handle, whole)
    handle.progress(1.0, Text("核验完成", "Verified"))
    return result


def _record(handle: jobs.JobHandle, report: audit.Report) -> bool:
    """Keep the outcome in the audit; a chain too broken to be written to must not hide the outcome."""
    call = Call.system("protect", key=handle.key)
    try:
        conclude_verification(call, entries=report.entries, problems=len(report.problems))
    except DatabaseError as error:
        handle.log(f"outcome not recorded: {error!r}")
        return False
    return True


def _result(report: audit.Report, seconds: float) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "streams": report.streams,
        "entries": report.entries,
        "checkpoints": report.checkpoints,
        "seconds": round(seconds, 3),
        "found": len(report.problems),
        "problems": [
            {
                "stream": one.stream,
                "sequence": one.sequence,
                "kind": one.kind.value,
                "text": one.text.to_dict(),
            }
            for one in report.problems[:MOST_SHOWN]
        ],
        "remarks": [text.to_dict() for text in report.remarks[:MOST_SHOWN]],
    }
