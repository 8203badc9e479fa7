"""Jobs: reading a picture, and noticing readings whose job was given up."""

from __future__ import annotations

import time
from typing import Any

from quancheng.capabilities.assistant import actions, judging, known, ocr, picture, reading
from quancheng.capabilities.assistant.models import Reading
from quancheng.capabilities.assistant.values import PageRead, Point, ReadState
from quancheng.capabilities.trust import queries as trust
from quancheng.core.text import Text
from quancheng.kernel import jobs, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import InvalidInput, NotFound, Unsupported
from quancheng.kernel.jobs.models import Job

NAME = "assistant"
LEASE_SECONDS = 120.0


@jobs.job("assistant.read", max_attempts=3, lease_seconds=LEASE_SECONDS)
def read(handle: jobs.JobHandle, reading_id: int, department_id: int) -> dict[str, Any]:
    """读一张图: open, read, look up, judge, keep; may run again after a worker died, with the same end."""
    row = Reading.objects.select_related("case").filter(pk=reading_id).first()
    if row is None or row.state in {ReadState.DONE, ReadState.FAILED}:
        return {"skipped": True}
    call = Call.system(NAME, simulated=row.simulated)
    try:
        case = known.case_for(row.receipt, row.case.department_id)
        content = trust.blob_path(row.digest).read_bytes()
    except (NotFound, FileNotFoundError):
        actions.fail_reading(
            call, reading=row, reason=Text("图片或办件已不在库中。", "The picture or the case is gone.")
        )
        return {"state": ReadState.FAILED.value}
    actions.begin_reading(call, reading=row)
    begun = time.thread_time()
    page, points, cuts = _worked(handle, row, case, content)
    handle.check()
    actions.finish_reading(
        call, reading=row, read=page, points=points, cuts=cuts, cpu_seconds=time.thread_time() - begun
    )
    return {"state": ReadState.DONE.value, "type": page.type, "points": len(points)}


def _worked(
    handle: jobs.JobHandle, row: Reading, case: Any, content: bytes
) -> tuple[PageRead, list[Point], dict[str, str]]:
    """What was read, judged and cut out; a file that is no picture gives one clear finding."""
    try:
        opened = picture.opened(
            content,
            max_pixels=rulebook.find("assistant.max_pixels").integer(),
            working_side=rulebook.find("assistant.working_side").integer(),
        )
    except (InvalidInput, Unsupported) as wrong:
        return PageRead(0, 0, "", 0.0, 0.0), judging.unreadable(wrong.detail), {}
    recogniser = ocr.recogniser(rulebook.find("assistant.threads").integer())

    def beat(part: float) -> None:
        handle.progress(part, Text("正在读图", "Reading the picture"))

    page = reading.read_page(opened, recogniser, tuple(row.expected), beat)
    points = judging.judge(page, known.known_of(row, case, page))
    return page, points, _cuts(opened, points)


def _cuts(opened: picture.Opened, points: list[Point]) -> dict[str, str]:
    """Cut-outs of what each point speaks of, kept under their digests."""
    limit = rulebook.find("assistant.cut_bytes").integer()
    kept: dict[str, str] = {}
    for one in points:
        if one.box is None:
            continue
        left, top, right, bottom = (round(value * opened.scale) for value in one.box)
        part = picture.crop_jpeg(opened.pixels, (left, top, right, bottom))
        if part is not None:
            kept[one.key], _size = trust.store_blob([part], limit)
    return kept


@jobs.every("assistant.sweep", cron="* * * * *")
def sweep(handle: jobs.JobHandle) -> dict[str, Any]:
    """清扫: a reading whose job was given up says so, with the reason, and can be repeated."""
    open_rows = Reading.objects.filter(state__in=[ReadState.WAITING, ReadState.READING], job__isnull=False)
    over = {
        job.pk: job.error
        for job in Job.objects.filter(
            pk__in=list(open_rows.values_list("job", flat=True)[:500]),
            state__in=[Job.State.FAILED, Job.State.CANCELLED],
        )
    }
    failed = 0
    for row in open_rows.filter(job__in=list(over)):
        actions.fail_reading(Call.system(NAME), reading=row, reason=_why(over[row.job]))
        failed += 1
    return {"failed": failed}


def _why(error: str) -> Text:
    last = error.strip().splitlines()[-1][:200] if error.strip() else ""
    return Text(
        f"读了几次都没有成功，请重读或直接看图。{last}",
        f"Several attempts failed; try again or look at the picture. {last}",
    )


__all__ = ["read", "sweep"]
