"""任务: asked for once, run, tried again with reasons, visible to the end."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from quancheng.core.text import Text
from quancheng.kernel import clock, jobs
from quancheng.kernel.clock import VirtualClock
from quancheng.kernel.errors import Conflict, PartnerFailed
from quancheng.kernel.jobs import Cancelled, GiveUp, JobHandle, LeaseLost
from quancheng.kernel.jobs import handle as handles
from quancheng.kernel.jobs import worker as working
from quancheng.kernel.jobs.models import Job, JobAttempt
from quancheng.kernel.jobs.worker import JobWorker

pytestmark = [pytest.mark.django_db(), pytest.mark.usefixtures("quiet")]
MOMENT = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)


@pytest.fixture
def time() -> Iterator[VirtualClock]:
    with clock.at(MOMENT) as virtual:
        yield virtual


def define(function: Callable[..., object], name: str = "t.work", **options: object) -> None:
    jobs.job(name, **options)(function)  # type: ignore[arg-type]


def test_a_job_runs_and_keeps_its_result() -> None:
    define(lambda handle, a, b: {"sum": a + b})
    asked = jobs.enqueue("t.work", {"a": 1, "b": 2})
    assert not asked.is_finished
    (ran,) = jobs.run_due()
    assert (ran.pk, ran.state, ran.result, ran.progress) == (asked.pk, "done", {"sum": 3}, 1.0)
    assert ran.is_finished
    assert str(ran) == "t.work done"
    attempt = JobAttempt.objects.get()
    assert (attempt.number, attempt.outcome, attempt.worker) == (1, "done", "run_due")
    assert str(attempt).endswith("#1 done")
    assert jobs.run_due() == []


def test_a_job_is_forgotten_with_the_transaction_that_asked_for_it() -> None:
    define(lambda handle: None)

    def ask() -> None:
        with transaction.atomic():
            jobs.enqueue("t.work")
            raise LookupError

    with pytest.raises(LookupError):
        ask()
    assert jobs.run_due() == []


def test_the_same_key_is_the_same_job_and_other_arguments_are_a_conflict() -> None:
    define(lambda handle, n: n)
    first = jobs.enqueue("t.work", {"n": 1}, key="k")
    assert jobs.enqueue("t.work", {"n": 1}, key="k").pk == first.pk
    with pytest.raises(Conflict):
        jobs.enqueue("t.work", {"n": 2}, key="k")
    jobs.run_due()
    assert jobs.enqueue("t.work", {"n": 1}, key="k").state == "done"
    with mock.patch.object(Job.objects, "filter") as nothing_yet:  # another process was quicker
        nothing_yet.return_value.first.return_value = None
        assert jobs.enqueue("t.work", {"n": 1}, key="k").pk == first.pk
    assert jobs.enqueue("t.work", {"n": 1}).pk != jobs.enqueue("t.work", {"n": 1}).pk


def test_unknown_jobs_and_arguments_that_are_no_json_are_refused() -> None:
    define(lambda handle: None)
    with pytest.raises(LookupError, match=r"t\.unknown"):
        jobs.enqueue("t.unknown")
    with pytest.raises(TypeError):
        jobs.enqueue("t.work", {"x": object()})


@pytest.mark.parametrize(
    ("name", "options"), [("bad", {}), ("t.x", {"max_attempts": 0}), ("t.x", {"lease_seconds": 0})]
)
def test_malformed_jobs_are_refused(name: str, options: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        jobs.job(name, **options)  # type: ignore[arg-type]


def test_an_id_belongs_to_one_function() -> None:
    def first(handle: JobHandle) -> None: ...
    def second(handle: JobHandle) -> None: ...

    define(first)
    define(first)
    with pytest.raises(ValueError, match="taken"):
        define(second)
    assert [kind.id for kind in jobs.job_types()] == ["t.work"]


def test_jobs_run_when_due_the_earliest_first(time: VirtualClock) -> None:
    seen: list[str] = []
    define(lambda handle, n: seen.append(n))
    jobs.enqueue("t.work", {"n": "later"}, run_at=MOMENT + timedelta(hours=2))
    jobs.enqueue("t.work", {"n": "sooner"}, run_at=MOMENT + timedelta(hours=1))
    assert jobs.run_due() == []
    assert len(jobs.run_due(MOMENT + timedelta(hours=1))) == 1
    time.advance(timedelta(hours=3))
    jobs.run_due()
    assert seen == ["sooner", "later"]


def test_a_partner_that_does_not_answer_is_said_without_a_trace(time: VirtualClock) -> None:
    def work(handle: JobHandle) -> None:
        try:
            raise ConnectionError("refused")
        except ConnectionError as error:
            raise PartnerFailed(Text("银行没有应答", "The bank does not answer")) from error

    define(work, max_attempts=2)
    jobs.enqueue("t.work")
    (ran,) = jobs.run_due()
    assert (ran.state, ran.error) == ("queued", "银行没有应答 / The bank does not answer")


def test_a_failure_is_tried_again_with_its_reason_until_it_fails_for_good(time: VirtualClock) -> None:
    def work(handle: JobHandle) -> None:
        handle.log(f"attempt {handle.attempt}")
        raise ConnectionError("民政系统没有应答")

    define(work, max_attempts=2, backoff=jobs.exponential(first=60))
    asked = jobs.enqueue("t.work")
    (ran,) = jobs.run_due()
    assert (ran.state, ran.run_at, ran.finished_at) == ("queued", MOMENT + timedelta(seconds=60), None)
    time.advance(timedelta(seconds=60))
    (ran,) = jobs.run_due()
    assert (ran.state, ran.attempts) == ("failed", 2)
    assert "民政系统没有应答" in ran.error
    tries = list(asked.tries.order_by("number"))
    assert [attempt.outcome for attempt in tries] == ["failed", "failed"]
    assert all("ConnectionError" in attempt.reason for attempt in tries)
    assert tries[1].log[0].endswith("attempt 2")
    assert jobs.retry(asked.pk)
    assert not jobs.retry(asked.pk)
    (ran,) = jobs.run_due()
    assert (ran.state, ran.attempts, ran.max_attempts) == ("queued", 3, 4)
    assert not jobs.retry(uuid.uuid4())


def test_giving_up_and_unkeepable_results_are_failures() -> None:
    def hopeless(handle: JobHandle) -> None:
        raise GiveUp(Text("证件已注销", "The document is void"))

    define(hopeless, "t.hopeless")
    define(lambda handle: object(), "t.odd", max_attempts=1)
    jobs.enqueue("t.hopeless")
    jobs.enqueue("t.odd")
    first, second = jobs.run_due()
    assert (first.state, first.attempts, first.error) == ("failed", 1, "证件已注销 / The document is void")
    assert second.state == "failed"
    assert "not JSON serializable" in second.error


def test_progress_and_log_are_seen_while_the_job_runs() -> None:
    steps: list[tuple[float, str, int]] = []

    def work(handle: JobHandle) -> None:
        def look() -> None:
            job = Job.objects.get(pk=handle.id)
            steps.append((job.progress, job.step.zh, len(JobAttempt.objects.get().log)))

        handle.log("begin")
        handle.progress(0.25, Text("比对", "comparing"))
        look()
        handle.progress(0.5)  # too soon after the last to be worth a write
        look()
        with mock.patch.object(handles, "WRITE_SECONDS", 0):
            handle.progress(0.75)
        look()
        handle.progress(2.0)
        look()
        assert (handle.key, handle.due_at) == (f"job:{handle.id}", asked.run_at)

    define(work)
    asked = jobs.enqueue("t.work")
    assert asked.step == Text("", "")
    (ran,) = jobs.run_due()
    assert ran.state == "done", ran.error
    assert steps == [(0.25, "比对", 1), (0.25, "比对", 1), (0.75, "比对", 1), (1.0, "比对", 1)]


def test_only_the_last_lines_of_a_log_are_kept() -> None:
    def work(handle: JobHandle) -> None:
        for n in range(300):
            handle.log(str(n))

    define(work)
    jobs.enqueue("t.work")
    jobs.run_due()
    log = JobAttempt.objects.get().log
    assert (len(log), log[-1].split()[-1]) == (200, "299")


def test_cancelling_before_and_during_the_run() -> None:
    def work(handle: JobHandle) -> None:
        assert not handle.cancelled
        handle.check()
        assert jobs.cancel(handle.id)
        handle.heartbeat()
        assert handle.cancelled
        assert handle.cancel_requested
        handle.check()

    define(work)
    waiting, running = jobs.enqueue("t.work"), jobs.enqueue("t.work")
    assert jobs.cancel(waiting.pk)
    assert not jobs.cancel(waiting.pk)
    (ran,) = jobs.run_due()
    assert (ran.pk, ran.state, ran.error) == (running.pk, "cancelled", "")
    assert JobAttempt.objects.get().outcome == "cancelled"
    assert issubclass(Cancelled, RuntimeError)


def test_a_dead_workers_job_goes_to_another_and_the_dead_one_cannot_come_back() -> None:
    calls: list[int] = []

    def work(handle: JobHandle) -> str:
        calls.append(handle.attempt)
        if handle.attempt == 1:
            with mock.patch.object(working, "real_now", return_value=later):
                assert [job.state for job in jobs.run_due()] == ["done"]
            with pytest.raises(LeaseLost):
                handle.heartbeat()
            handle.heartbeat()  # raises: the worker stops quietly
        return f"by attempt {handle.attempt}"

    from quancheng.kernel.events.retry import real_now

    later = real_now() + timedelta(seconds=61)
    define(work)
    jobs.enqueue("t.work")
    (ran,) = jobs.run_due()
    assert (ran.state, ran.result, calls) == ("done", "by attempt 2", [1, 2])
    assert list(JobAttempt.objects.order_by("number").values_list("outcome", flat=True)) == ["lost", "done"]


def test_a_late_result_of_a_lost_job_does_not_count() -> None:
    def work(handle: JobHandle) -> str:
        if handle.attempt == 1:
            Job.objects.filter(pk=handle.id).update(lease_token=uuid.uuid4())
        return "late"

    define(work)
    jobs.enqueue("t.work")
    (ran,) = jobs.run_due()
    assert (ran.state, ran.result) == ("running", None)


@pytest.mark.parametrize(("cancelled", "state"), [(False, "failed"), (True, "cancelled")])
def test_a_job_that_kills_every_worker_ends(cancelled: bool, state: str) -> None:
    define(lambda handle: None, max_attempts=2, lease_seconds=0.001)
    asked = jobs.enqueue("t.work")
    worker = JobWorker("dying")
    for _ in range(2):
        claimed = worker.claim(clock.now())
        assert claimed is not None
        worker.current = claimed[0]
        worker.hand_back()
    Job.objects.update(cancel_requested=cancelled)
    (ran,) = jobs.run_due()
    assert (ran.state, ran.attempts) == (state, 2)
    assert "lease ran out" in ran.error
    assert list(asked.tries.values_list("outcome", flat=True)) == ["lost", "lost"]


def test_two_workers_that_see_the_same_job_do_not_both_take_it() -> None:
    define(lambda handle: None)
    jobs.enqueue("t.work")
    one, two = JobWorker("one"), JobWorker("two")
    seen = two._candidate(clock.now())
    assert one.claim(clock.now()) is not None
    assert seen is not None
    assert two._take(seen) is None
    with mock.patch.object(JobWorker, "_candidate", side_effect=[seen, None]):
        assert two.claim(clock.now()) is None


def test_handing_back_nothing_is_nothing() -> None:
    JobWorker("idle").hand_back()
    assert JobWorker().name.count(":") == 2


def test_the_loop_goes_on_after_a_database_outage() -> None:
    stop, steps = threading.Event(), []

    def run_once(self: JobWorker) -> Job | None:
        steps.append(1)
        if len(steps) == 1:
            raise DatabaseError("gone")
        if len(steps) == 3:
            stop.set()
        return Job() if len(steps) == 2 else None

    with (
        mock.patch.object(JobWorker, "run_once", run_once),
        mock.patch.object(working, "close_old_connections"),
    ):
        JobWorker().run_forever(stop, idle_seconds=0.01)
    assert len(steps) == 3


def test_old_jobs_are_pruned_failed_ones_later(time: VirtualClock) -> None:
    def work(handle: JobHandle, fail: bool) -> None:
        if fail:
            raise ValueError

    define(work, max_attempts=1)
    for fail in (True, False, False):
        jobs.enqueue("t.work", {"fail": fail})
    jobs.run_due()
    jobs.enqueue("t.work", {"fail": True}, run_at=MOMENT + timedelta(days=999))
    assert jobs.prune() == 0
    time.advance(timedelta(days=31))
    assert jobs.prune(batch=1) == 2
    time.advance(timedelta(days=60))
    assert jobs.prune() == 1
    assert Job.objects.get().state == "queued"


def test_a_key_is_unique_in_the_table_itself() -> None:
    fields = {"kind": "t.work", "key": "k", "run_at": MOMENT, "created_at": MOMENT}
    Job.objects.create(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(**fields)
