"""授权线程: which entries of the log belong together: a grant, its uses, its withdrawal.

References of the three scenes are ``<request>-<number>``; the log's own order says what came first.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models import Q

from quancheng.capabilities.chain.models import Entry

GRANT, WITHDRAW, USE = "vault-grant", "vault-withdraw", "vault-use"
_AT_ONCE = 50


def thread_of(reference: str) -> str:
    """The request all entries of a thread belong to."""
    return reference.rpartition("-")[0] or reference


def first_of(scene: str, threads: Iterable[str]) -> dict[str, Entry]:
    """The first entry of a scene in each of the threads that has one."""
    found: dict[str, Entry] = {}
    wanted = sorted(set(threads))
    for start in range(0, len(wanted), _AT_ONCE):
        some = set(wanted[start : start + _AT_ONCE])
        asked = Q()
        for thread in some:
            asked |= _of_thread(thread)
        for row in Entry.objects.filter(asked).order_by("pk"):
            thread = thread_of(row.reference)
            if row.scene == scene and thread in some:
                found.setdefault(thread, row)
    return found


def _of_thread(thread: str) -> Q:
    """References of a thread, by the index: SQLite uses none for LIKE, and PostgreSQL's order is not always bytes'."""
    if connection.vendor == "sqlite":
        return Q(reference=thread) | Q(reference__gte=f"{thread}-", reference__lt=f"{thread}.")
    return Q(reference__startswith=thread)
