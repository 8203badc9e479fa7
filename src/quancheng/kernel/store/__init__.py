"""数据湖: immutable Parquet files and one manifest row each.

A file is written whole under a temporary name, fsynced, renamed, and only then named in the
manifest, in the caller's transaction; so readers see whole versions or nothing, without locks::

    OBSERVATIONS = store.define("observations", schema, sort=("stream", "time"), partition="day")
    store.append("observations", batch, partition="2026-06-01", key="segment-17", run="job-9")
    store.snapshot("observations").sql("select avg(value) from t where stream = ?", ["s1"])

See ``docs/store.md``. Models are imported inside functions only.
"""

from quancheng.kernel.store.checking import Finding, StoreReport, clean, verify
from quancheng.kernel.store.errors import BadBatch, SnapshotExpired, StoreDamaged, StoreUnavailable
from quancheng.kernel.store.reading import Snapshot, snapshot
from quancheng.kernel.store.specs import TableSpec, define, partition_of, spec_of, tables
from quancheng.kernel.store.upkeep import compact, compact_all, expire
from quancheng.kernel.store.writing import append

__all__ = [
    "BadBatch",
    "Finding",
    "Snapshot",
    "SnapshotExpired",
    "StoreDamaged",
    "StoreReport",
    "StoreUnavailable",
    "TableSpec",
    "append",
    "clean",
    "compact",
    "compact_all",
    "define",
    "expire",
    "partition_of",
    "snapshot",
    "spec_of",
    "tables",
    "verify",
]
