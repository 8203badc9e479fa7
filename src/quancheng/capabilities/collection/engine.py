"""运行: a run goes from stage to stage; each stage ends in one short action, so a killed worker loses nothing.

fetch: the source's bytes are kept whole under their digest. plan: rows are staged and compared with the
table. apply: the table module writes one version, once for the id of the run. Whoever takes a run over
looks at its state and goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import structlog

from quancheng.capabilities.collection import actions, config, rawfiles, sealing, staging
from quancheng.capabilities.collection.comparing import Compared, compare
from quancheng.capabilities.collection.connectors import kind_of
from quancheng.capabilities.collection.connectors.net import Permit, Permits
from quancheng.capabilities.collection.faults import MovedOn
from quancheng.capabilities.collection.mapping import column_holds, type_holds
from quancheng.capabilities.collection.masking import mask
from quancheng.capabilities.collection.models import Address, Feed, Run
from quancheng.capabilities.collection.planning import count_holds
from quancheng.capabilities.collection.shapes import table_schema
from quancheng.capabilities.collection.values import Counts, Hold, Layout, Mode, Plan, RunState
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import queries as table_reads
from quancheng.core.tabular import TableError
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Fault, QuanchengError

log = structlog.get_logger(__name__)
Say = Callable[[float, Text], None]


def _quiet(fraction: float, text: Text) -> None:
    """Nobody watches."""


def work(run_id: str, say: Say = _quiet) -> str:
    """Bring a run as far as it goes; returns its state. Faults of source or file end the run, others pass."""
    run = Run.objects.select_related("feed").get(pk=run_id)
    try:
        while (step := _STEPS.get(RunState(run.state))) is not None:
            step(run, say)
            run = Run.objects.select_related("feed").get(pk=run_id)
    except MovedOn:
        raise
    except TableError as refused:
        _fail(run, refused.text, again=False, code=refused.reason.value, detail=refused.detail)
    except QuanchengError as error:
        again = error.fault is not Fault.CALLER
        _fail(run, error.detail, again=again, code=error.code, todo=error.todo)
    return str(Run.objects.get(pk=run_id).state)


def _fail(
    run: Run, text: Text, *, again: bool, code: str, detail: str = "", todo: Text | None = None
) -> None:
    log.warning("collection run failed", run=str(run.pk), feed=run.feed.code, code=code)
    actions.fail_run(
        _call(run), run_id=str(run.pk), text=text, again=again, code=code, detail=detail[:300], todo=todo
    )


def _call(run: Run) -> Call:
    return Call.system("collection", simulated=run.simulated)


def permits() -> Permits:
    """Registered addresses in force."""
    rows = Address.objects.values_list("host", "port", "private")
    return Permits(tuple(Permit(*row) for row in rows))


# -- fetch ------------------------------------------------------------------------------------
def _fetch(run: Run, say: Say) -> None:
    say(0.05, Text("正在取数", "Fetching"))
    feed = run.feed
    with kind_of(feed.connector).open(
        feed.settings, sealing.unseal(feed.sealed), feed.cursor, permits()
    ) as delivered:
        if delivered is None:
            actions.nothing_new(_call(run), run_id=str(run.pk))
            return
        raw = rawfiles.keep(delivered.pieces)
        actions.record_fetched(
            _call(run), run_id=str(run.pk), digest=raw.digest, size=raw.size, name=delivered.name[:200],
            source={"namespace": delivered.source.namespace, "name": delivered.source.name},
            cursor=delivered.cursor(), trace=delivered.trace[:1000],
        )  # fmt: skip


# -- plan -------------------------------------------------------------------------------------
def _plan(run: Run, say: Say) -> None:
    feed = run.feed
    say(0.3, Text("正在识别和转换", "Reading and converting"))
    schema = table_schema(feed.columns, feed.key)
    folder = rawfiles.folder_of(run.pk)
    with rawfiles.opened(run.raw) as stream:
        staged = staging.stage(
            stream, run.raw_name, layout=_known(feed.plan_of_columns), table=feed.schema, arrow=schema.arrow(),
            folder=folder, limits=config.limits(),
            progress=lambda rows: say(0.4, Text(f"已读 {rows} 行", f"{rows} rows read")),
        )  # fmt: skip
    say(0.6, Text("正在比对", "Comparing with the table"))
    plan = _compared(run, feed, staged, schema.arrow()) if staged.usable else _unusable(feed, staged)
    kept = config.refused_kept()
    rows = [row for row, _ in zip(staging.refused_rows(folder), range(kept), strict=False)]
    actions.record_plan(
        _call(run), run_id=str(run.pk), plan=plan, found=_found(staged), refused=rows, stage=run.stage
    )


def _known(layout: Layout) -> Layout:
    return replace(layout, ignored=(*layout.ignored, staging.PLACE, staging.WHY))


def _unusable(feed: Feed, staged: staging.Staged) -> Plan:
    """A column the table cannot do without is missing: nothing was read, a person maps it or rejects."""
    layout = _known(feed.plan_of_columns)
    return Plan(Counts(), column_holds(staged.head.names, staged.guesses, layout, feed.schema))


def _compared(run: Run, feed: Feed, staged: staging.Staged, arrow: pa.Schema) -> Plan:
    folder, mode = rawfiles.folder_of(run.pk), Mode(run.mode)
    view = table_reads.view(str(feed.table_id))
    result = compare(folder / "accepted.parquet", view.batches(), arrow, feed.key, mode, folder / "spill")
    tally, limits = staged.tally, config.thresholds()
    counts = Counts(
        tally.rows_in, tally.rows_out, tally.rows_refused, result.inserted, result.updated, result.deleted,
        result.unchanged, result.before,
    )  # fmt: skip
    holds: tuple[Hold, ...] = (
        *column_holds(staged.head.names, staged.guesses, _known(feed.plan_of_columns), feed.schema),
        *type_holds(staged.refused_by_column, staged.filled, limits.type_share),
        *count_holds(counts, limits, mode),
    )
    reasons = {reason.value: number for reason, number in tally.reasons.most_common()}
    return Plan(counts, holds, reasons, dict(staged.refused_by_column), _masked(feed, result))


def _masked(feed: Feed, result: Compared) -> dict[str, Any]:
    """Examples without what personal columns say: only that they change."""
    hidden = {one["name"] for one in feed.columns if one.get("personal")}
    if not hidden:
        return result.examples
    shown: dict[str, Any] = {}
    for kind, rows in result.examples.items():
        shown[kind] = [
            {
                "key": [
                    mask(word) if name in hidden else word
                    for name, word in zip(feed.key, row["key"], strict=True)
                ],
                **(
                    {"row": {n: mask(w) if n in hidden else w for n, w in row["row"].items()}}
                    if "row" in row
                    else {}
                ),
                **(
                    {
                        "changes": {
                            n: [mask(a), mask(b)] if n in hidden else [a, b]
                            for n, (a, b) in row["changes"].items()
                        }
                    }
                    if "changes" in row
                    else {}
                ),
            }
            for row in rows
        ]
    return shown


def _found(staged: staging.Staged) -> dict[str, Any]:
    found = staged.found
    return {
        "format": found.format.value, "encoding": found.encoding, "why": found.why.to_dict(),
        "names": list(staged.head.names), "head_rows": list(staged.head.rows),
        "titles": [title[:200] for title in staged.head.titles[:5]],
    }  # fmt: skip


# -- apply ------------------------------------------------------------------------------------
def _apply(run: Run, say: Say) -> None:
    feed = run.feed
    path = rawfiles.folder_of(run.pk) / "accepted.parquet"
    if not path.exists():  # another machine's disk, or cleared: make it again from the raw file
        actions.plan_again(_call(run), run_id=str(run.pk))
        return
    say(0.8, Text("正在入库", "Writing to the table"))
    call, table, name = _call(run), str(feed.table_id), str(run.pk)
    if run.mode == Mode.FULL.value:
        applied = tables.replace_rows(call, table_id=table, rows=_Batches(path), run=name)
    else:
        applied = tables.apply_changes(call, table_id=table, upserts=pq.read_table(path), run=name)
    actions.record_applied(
        call, run_id=name, version=applied.version,
        figures={"inserted": applied.inserted, "updated": applied.updated, "deleted": applied.deleted,
                 "unchanged": applied.unchanged},
    )  # fmt: skip
    rawfiles.forget(run.pk)
    say(1.0, Text("完成", "Done"))


class _Batches(Sequence[pa.RecordBatch]):
    """Row groups of the staged file, one at a time, and again if another wrote to the table meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with pq.ParquetFile(path) as file:
            self._count = file.num_row_groups

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        if not 0 <= at < self._count:
            raise IndexError(at)
        with pq.ParquetFile(self._path) as file:
            return file.read_row_group(at).combine_chunks().to_batches()[0]


_STEPS: dict[RunState, Callable[[Run, Say], None]] = {
    RunState.QUEUED: _fetch,
    RunState.FETCHED: _plan,
    RunState.PLANNED: _apply,
}


# -- trial ------------------------------------------------------------------------------------
def try_out(feed: Feed) -> None:
    """试运行: fetch a sample of a source that is being set up and keep it with the feed."""
    call = Call.system("collection", simulated=feed.simulated)
    try:
        with kind_of(feed.connector).open(
            feed.settings, sealing.unseal(feed.sealed), {}, permits()
        ) as delivered:
            if delivered is None:
                text = Text("来源目前没有可取的文件。", "The source has no file to take.")
                actions.record_trial(call, feed_id=feed.pk, text=text)
                return
            pieces = delivered.pieces
            if delivered.name.endswith(".ndjson") and feed.connector != "http":
                pieces = (
                    piece for piece, _ in zip(pieces, range(20), strict=False)
                )  # whole rows, and enough
            raw = rawfiles.keep(pieces)
            actions.record_trial(
                call,
                feed_id=feed.pk,
                digest=raw.digest,
                name=delivered.name[:200],
                trace=delivered.trace[:200],
            )
    except QuanchengError as error:
        actions.record_trial(call, feed_id=feed.pk, text=error.detail)
