"""Killed in the middle: whatever stage a run was in, the next worker ends it once and for all."""

from __future__ import annotations

from typing import Any

import pytest
from tests.capabilities.collection import peers
from tests.capabilities.collection.conftest import csv_of, row
from tests.capabilities.collection.peers import serving
from tests.capabilities.collection.test_story import rows_of
from tests.capabilities.collection.test_web import http_feed

from quancheng.capabilities.collection import actions, engine, rawfiles, staging
from quancheng.capabilities.collection.models import RefusedRow, Run
from quancheng.capabilities.tables import actions as tables
from quancheng.capabilities.tables import queries as table_reads

pytestmark = pytest.mark.fault


class Killed(BaseException):
    """The process ends here: no handler of ours sees it, the transaction is rolled back."""


def dying(target: Any, name: str, patch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Let a function be the last thing the worker does, once."""
    whole = getattr(target, name)

    def last(*args: Any, **kwargs: Any) -> Any:
        patch.setattr(target, name, whole)
        if after:
            whole(*args, **kwargs)
        raise Killed

    patch.setattr(target, name, last)


PLACES = [
    (rawfiles, "keep", False), (rawfiles, "keep", True), (actions, "record_fetched", False), (actions, "record_fetched", True),
    (staging, "stage", True), (actions, "record_plan", False), (actions, "record_plan", True), (tables, "replace_rows", False),
    (tables, "replace_rows", True), (actions, "record_applied", False), (actions, "record_applied", True),
]  # fmt: skip


@pytest.mark.parametrize(("target", "name", "after"), PLACES)
def test_killed_at_every_stage_and_taken_over(
    target: Any, name: str, after: bool, officer: Any, bureau: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(peers.interface) as peer:
        feed = http_feed(officer, bureau, peer.url + "/page", peer.port)
        run = actions.start_run(officer, code="stations")
        dying(target, name, monkeypatch, after=after)
        with pytest.raises(Killed):
            engine.work(str(run.pk))
        assert engine.work(str(run.pk)) == "done"
        assert engine.work(str(run.pk)) == "done"  # a third worker finds nothing to do
    view = table_reads.view(str(feed.table_id))
    assert view.rows == 25 and view.version == 1
    run.refresh()
    assert run.counts["inserted"] == 25 and run.version == 1
    assert Run.objects.count() == 1


def test_staged_rows_that_are_gone_are_made_again(
    feed: Any, deliver: Any, officer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(tables, "replace_rows", monkeypatch, after=False)
    with pytest.raises(Killed):
        deliver(csv_of(*[row(n) for n in range(30)], row(1, day="坏")))
    run = Run.objects.get()
    assert run.state == "planned"
    rawfiles.forget(run.pk)
    assert engine.work(str(run.pk)) == "done"
    assert len(rows_of(feed)) == 30 and RefusedRow.objects.filter(run=run).count() == 1


def test_half_a_staged_file_is_never_applied(
    feed: Any, deliver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "BATCH", 10)
    written: list[int] = []
    whole = staging.batch_of

    def third(rows: Any, schema: Any) -> Any:
        written.append(len(rows))
        if len(written) == 3:
            raise Killed
        return whole(rows, schema)

    monkeypatch.setattr(staging, "batch_of", third)
    with pytest.raises(Killed):
        deliver(csv_of(*[row(n) for n in range(60)]))
    run = Run.objects.get()
    assert run.state == "fetched" and not rows_of(feed)
    assert engine.work(str(run.pk)) == "done" and len(rows_of(feed)) == 60


def test_a_lost_raw_file_says_what_to_do(feed: Any, officer: Any) -> None:
    raw = rawfiles.keep([csv_of(row(1))])
    run = actions.deliver(officer, code="elders", digest=raw.digest, name="x.csv")
    rawfiles.path_of(raw.digest).unlink()
    assert engine.work(str(run.pk)) == "failed"
    assert run.refresh().failure["todo"]["zh"] == "请来源部门重新报送。"


def test_a_full_disk_is_our_fault_and_is_tried_again(
    officer: Any, bureau: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(peers.interface) as peer:
        feed = http_feed(officer, bureau, peer.url + "/page", peer.port)
        run = actions.start_run(officer, code="stations")

        def full(*args: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(rawfiles.os, "fsync", full)
        assert engine.work(str(run.pk)) == "failed"
    assert "存储空间" in run.refresh().failure["text"]["zh"]
    assert feed.refresh().next_at is not None and not list((rawfiles.config.home() / "raw").glob(".*"))
