"""占用: one worker at a time does the rounds of a neighbour or moves the rows of a book."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from quancheng.capabilities.cascade.models import Book, Neighbour
from quancheng.kernel import access, audit
from quancheng.kernel.actions import Call, action

__all__ = ["claim_book", "claim_neighbour"]

LEASE = timedelta(seconds=30)
"""A worker that died holds its claim so long. Two at once only do the same work twice."""


@action("cascade.neighbour.claim", idempotent=False)
def claim_neighbour(call: Call, *, pk: int, release: bool = False) -> bool:
    """占用一个相邻节点 for half a minute, or give it free; whether it was free. Raises Forbidden."""
    access.require(call.actor, "exchange", Neighbour)
    return _claim(call, Neighbour, pk, release)


@action("cascade.book.claim", idempotent=False)
def claim_book(call: Call, *, pk: int, release: bool = False) -> bool:
    """占用一个账本 for half a minute, or give it free; whether it was free. Raises Forbidden."""
    access.require(call.actor, "publish", Book)
    return _claim(call, Book, pk, release)


def _claim(call: Call, model: type[Neighbour] | type[Book], pk: int, release: bool) -> bool:
    found = model.objects.filter(pk=pk)
    audit.note(table=model._meta.label, pk=pk, release=release)
    if release:
        return bool(found.update(busy_until=None))
    free = found.filter(Q(busy_until=None) | Q(busy_until__lt=call.at))
    return bool(free.update(busy_until=call.at + LEASE))
