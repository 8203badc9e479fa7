"""What ``quancheng audit verify|checkpoint|head`` do; the CLI hands its own ``echo``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from quancheng.kernel.audit.checkpointing import checkpoint as make_checkpoint
from quancheng.kernel.audit.checkpointing import checkpoint_all
from quancheng.kernel.audit.checkpointing import head as newest_note
from quancheng.kernel.audit.errors import AuditBroken
from quancheng.kernel.audit.verification import verify as run_verify

Echo = Callable[[str], object]


def verify(echo: Echo, *, stream: str | None = None, since: datetime | None = None) -> int:
    """Verify and say what was found; 0 when all is well, 1 when not."""
    report = run_verify(stream, since)
    for problem in report.problems:
        echo(f"✗ {problem}")
    for remark in report.remarks:
        echo(f"· {remark.zh} {remark.en}")
    rate = report.entries / report.seconds if report.seconds else 0
    echo(
        f"{report.streams} 流 streams, {report.entries} 条 entries, "
        f"{report.checkpoints} 检查点 checkpoints, {report.seconds:.1f} s ({rate:,.0f}/s)"
    )
    echo("审计完好 intact" if report.ok else f"发现 {len(report.problems)} 处问题 problems found")
    return 0 if report.ok else 1


def checkpoint(echo: Echo, *, stream: str | None = None) -> int:
    """Checkpoint one stream or all; 1 when a chain is broken, 0 otherwise."""
    try:
        if stream is None:
            sizes = checkpoint_all()
        else:
            made = make_checkpoint(stream)
            sizes = {stream: made.size if made else 0}
    except AuditBroken as error:
        echo(f"✗ {error}\n{error.todo.zh} {error.todo.en}")
        return 1
    for name, size in sizes.items():
        echo(f"{name}: {size} 条已签名 entries signed")
    return 0


def head(echo: Echo, *, stream: str = "main") -> int:
    """Print the newest signed note; 1 when there is none yet."""
    note = newest_note(stream)
    if note is None:
        echo(f"审计流 {stream} 尚无检查点。 Stream {stream} has no checkpoint yet.")
        return 1
    echo(note.rstrip("\n"))
    return 0
