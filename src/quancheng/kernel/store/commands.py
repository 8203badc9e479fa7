"""What ``quancheng store verify|clean|compact|expire`` do; the CLI hands its own ``echo``."""

from __future__ import annotations

from collections.abc import Callable

from quancheng.kernel.store import checking, upkeep

Echo = Callable[[str], object]


def verify(echo: Echo, *, table: str | None = None) -> int:
    """Verify all files and say what was found; 0 when none is damaged, 1 otherwise."""
    report = checking.verify(table)
    for finding in report.findings:
        echo(f"{'·' if finding.harmless else '✗'} {finding}")
    echo(f"{report.files} 文件 files, {report.bytes:,} 字节 bytes, {report.seconds:.1f} s")
    echo("数据湖完好 intact" if report.ok else "数据湖有损坏 damaged")
    return 0 if report.ok else 1


def clean(echo: Echo, *, older_than_hours: float = 24.0) -> int:
    """Remove stray and orphaned files."""
    echo(f"已清理 {checking.clean(older_than_hours=older_than_hours)} 个文件 files removed")
    return 0


def compact(echo: Echo, *, least: int = 8) -> int:
    """Compact all partitions that have many files."""
    made = upkeep.compact_all(least=least)
    echo(f"已合并 {len(made)} 个分区 partitions compacted")
    return 0


def expire(echo: Echo, *, keep_days: float) -> int:
    """Remove files replaced more than so many days ago."""
    echo(f"已到期删除 {upkeep.expire(keep_days)} 个文件 files expired")
    return 0
