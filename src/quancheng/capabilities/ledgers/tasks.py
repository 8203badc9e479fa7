"""Background work: close due books and open their next round, remind, remove expired comparisons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quancheng.capabilities.ledgers import actions, limits
from quancheng.capabilities.ledgers.models import Book, Period, State
from quancheng.kernel import clock, jobs
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict


@jobs.every("ledgers.rounds", cron="15 0 * * *")
def rounds(handle: Any = None) -> dict[str, int]:
    """到期截止 and 下一期; a book with open conflicts waits for a person."""
    done = {"closed": 0, "opened": 0, "held": 0}
    for pk in Book.objects.filter(state=State.OPEN, due_on__lt=clock.today()).values_list("pk", flat=True):
        try:
            book = actions.close_book(Call.system("ledgers"), book=pk, note="到期自动截止")
        except Conflict:
            done["held"] += 1
            continue
        done["closed"] += 1
        if book.period != Period.ONCE:
            actions.next_round(Call.system("ledgers"), book=pk)
            done["opened"] += 1
        if handle is not None:
            handle.check()
    return done


@jobs.every("ledgers.remind", cron="0 9 * * *")
def remind(handle: Any = None) -> dict[str, int]:
    """到期前催报."""
    last = clock.today() + timedelta(days=limits.whole("remind_days"))
    told = 0
    due = Book.objects.filter(state=State.OPEN, due_on__gte=clock.today(), due_on__lte=last)
    for pk in due.values_list("pk", flat=True):
        told += actions.remind_book(Call.system("ledgers"), book=pk)
        if handle is not None:
            handle.check()
    return {"people": told}


@jobs.every("ledgers.prune", cron="45 2 * * *")
def prune(handle: Any = None) -> dict[str, int]:
    """到期清除比对结果."""
    return {"removed": actions.prune_comparisons(Call.system("ledgers"))}
