"""周期任务: each occurrence once, however many schedulers run and however long they slept."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from unittest import mock

import pytest
from django.db import DatabaseError
from tests.kernel.drill.stage import Stage

from quancheng.kernel import clock, jobs
from quancheng.kernel.jobs import JobHandle
from quancheng.kernel.jobs import scheduler as scheduling
from quancheng.kernel.jobs.models import Job, ScheduleState
from quancheng.kernel.jobs.scheduler import Scheduler

MOMENT = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)
inside = [pytest.mark.django_db(), pytest.mark.usefixtures("quiet")]


class TestOccurrences:
    pytestmark = inside

    def test_a_schedule_starts_now_and_each_occurrence_comes_once(self) -> None:
        due: list[datetime] = []

        @jobs.every("t.remind", cron="0 8 * * *")
        def remind(handle: JobHandle) -> None:
            due.append(handle.due_at)

        with clock.at(MOMENT) as virtual:  # 09:30 in Jinan
            assert Scheduler().run_once() == 0
            virtual.advance(timedelta(hours=23))
            assert Scheduler().run_once() == 1
            assert Scheduler().run_once() == 0
            assert Scheduler().run_once(MOMENT) == 0
            assert [job.state for job in jobs.run_due(periodic=True)] == ["done"]
        assert due == [datetime(2026, 6, 2, 0, 0, tzinfo=UTC)]
        assert Job.objects.get().key == "@2026-06-02T00:00:00Z"
        assert str(ScheduleState.objects.get()).startswith("t.remind ≤ 2026-06-02")

    def test_every_adds_a_schedule_to_a_job(self) -> None:
        @jobs.every("t.work", seconds=30)
        @jobs.job("t.work", max_attempts=7)
        def work(handle: JobHandle) -> None: ...

        assert jobs.job_types()[0].max_attempts == 7
        assert jobs.schedules()[0].next_after(MOMENT) == MOMENT + timedelta(seconds=30)

    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"cron": "* * * * *", "seconds": 1},
            {"seconds": 0},
            {"seconds": 1, "catch_up": "some"},
            {"cron": "x"},
        ],
    )
    def test_malformed_schedules_are_refused(self, options: dict[str, object]) -> None:
        with pytest.raises(ValueError):
            jobs.every("t.work", **options)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("options", "asleep", "expected"),
        [
            ({"cron": "*/5 * * * *"}, timedelta(minutes=10), [5, 10]),
            ({"cron": "*/5 * * * *"}, timedelta(minutes=31), [25, 30]),
            ({"cron": "0 * * * *"}, timedelta(hours=3), [150]),
            ({"cron": "0 * * * *", "catch_up": "all"}, timedelta(hours=3), [30, 90, 150]),
            ({"seconds": 300}, timedelta(days=30), [43190, 43195, 43200]),
            ({"seconds": 3600}, timedelta(hours=3, minutes=15), [150]),
        ],
    )
    def test_after_an_outage(
        self, options: dict[str, object], asleep: timedelta, expected: list[int]
    ) -> None:
        jobs.every("t.work", **options)(lambda handle: None)  # type: ignore[arg-type]
        (schedule,) = jobs.schedules()
        found = scheduling.occurrences(schedule, MOMENT, MOMENT + asleep)
        assert [(one - MOMENT) // timedelta(minutes=1) for one in found] == expected

    def test_a_tick_enqueues_a_bounded_number(self) -> None:
        jobs.every("t.work", seconds=1, catch_up="all")(lambda handle: None)
        (schedule,) = jobs.schedules()
        assert len(scheduling.occurrences(schedule, MOMENT, MOMENT + timedelta(days=1))) == 1000

    def test_the_loop_goes_on_after_a_database_outage(self) -> None:
        stop, steps = threading.Event(), []

        def run_once(self: Scheduler) -> int:
            steps.append(1)
            if len(steps) == 1:
                raise DatabaseError("gone")
            stop.set()
            return 0

        with (
            mock.patch.object(Scheduler, "run_once", run_once),
            mock.patch.object(scheduling, "close_old_connections"),
        ):
            Scheduler().run_forever(stop, idle_seconds=0.01)
        assert len(steps) == 2


@pytest.mark.fault
@pytest.mark.slow
def test_two_schedulers_enqueue_each_occurrence_once(stage: Stage) -> None:
    both = [stage.start("schedule", 4) for _ in range(2)]
    assert [child.wait(60) for child in both] == [0, 0]
    keys = stage.report()["keys"]
    assert len(keys) >= 3
    assert max(Counter(keys).values()) == 1
    moments = [datetime.fromisoformat(key[1:]) for key in sorted(keys)]
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(seconds=1)}


@pytest.mark.fault
def test_three_workers_share_the_jobs_and_run_each_once(stage: Stage) -> None:
    stage.run("enqueue", 60)
    stage.run("enqueue", 60)  # the same keys: the same jobs
    workers = [stage.start("work", 60) for _ in range(3)]
    assert [child.wait(60) for child in workers] == [0, 0, 0]
    report = stage.report()
    assert Counter(number for _, _, number, _ in report["effects"]) == dict.fromkeys(range(60), 1)
    assert report["jobs"] == {"done": 60}


@pytest.mark.fault
def test_a_worker_killed_in_the_middle_loses_its_job_to_another(stage: Stage) -> None:
    import time

    stage.run("enqueue_long")
    first = stage.start("work", 1)
    until = time.monotonic() + 20
    while not (stage.home / "long-1").exists() and time.monotonic() < until:
        time.sleep(0.05)
    first.kill()
    first.wait()
    assert stage.run("work", 1) == 0
    report = stage.report()
    assert [name for name, *_ in report["effects"]] == ["long"]
    assert [(number, outcome) for number, outcome, *_ in report["tries"]] == [(1, "lost"), (2, "done")]
    assert "lease ran out" in report["tries"][0][2]
    assert report["tries"][0][3][0].endswith("starting"), "what it logged before it died is kept"
