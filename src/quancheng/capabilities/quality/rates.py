"""整改率: of an organ and a month, with the work orders it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from quancheng.capabilities.people import queries as people
from quancheng.capabilities.quality import deadlines
from quancheng.capabilities.quality.issues import core_of
from quancheng.capabilities.quality.models import Issue
from quancheng.capabilities.quality.values import Rate
from quancheng.core import quality as core
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import InvalidInput


def period(month: str) -> tuple[datetime, datetime]:
    """Begin and end of a month; of the running one, the end is still to come. Raises InvalidInput."""
    try:
        return deadlines.bounds(month)
    except ValueError as wrong:
        raise InvalidInput(
            fields={"month": Text("月份应为2026-11的形式", "A month is written 2026-11")}
        ) from wrong


def rate(organ: str, month: str) -> Rate:
    """整改率 of an organ with what is below it. Raises NotFound, InvalidInput."""
    ids = list(people.subtree(organ).values_list("pk", flat=True))
    if not ids:
        people.department(organ)
    return of_issues(organ, month, candidates(month).filter(organ_id__in=ids))


def candidates(month: str) -> QuerySet[Issue]:
    """Issues that may count in a month: ordered, found before its end, not closed before its begin."""
    begin, end = period(month)
    still = Q(closed_at=None) | Q(closed_at__gte=begin)
    return (
        Issue.objects.filter(still, ordered=True, found_at__lt=end).select_related("organ").order_by("number")
    )


def of_issues(organ: str, month: str, issues: Iterable[Issue]) -> Rate:
    """The rate of these issues in a month, the running one as of now."""
    begin, end = period(month)
    now = clock.now()
    until = min(end, now + timedelta(microseconds=1)) if begin <= now else end
    counted = [(row.number, core_of(row)) for row in issues]
    due = [(number, value) for number, value in counted if core.counts_between(value, begin, until)]
    repaired = [number for number, value in due if core.repaired_by(value, until)]
    overdue = [
        number
        for number, value in due
        if number not in set(repaired) and value.due is not None and value.due < until
    ]
    return Rate(organ, month, tuple(number for number, _ in due), tuple(repaired), tuple(overdue))
