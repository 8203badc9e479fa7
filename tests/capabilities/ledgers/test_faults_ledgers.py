"""What fails half way leaves everything as it was, and can be done again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from quancheng.capabilities.ledgers import actions, base
from quancheng.capabilities.ledgers.models import Book, Difference, Returned, Row, Submission
from quancheng.capabilities.messages.models import Message
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Unavailable

pytestmark = [pytest.mark.django_db, pytest.mark.fault]


def fails(*_args: Any, **_named: Any) -> Any:
    raise Unavailable()


def test_a_store_that_fails_decides_nothing(
    book: Book, staff: SimpleNamespace, returned: Returned, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = book.rows.get(number=1)
    cells = {"是否健在": "健在", "手机号": "13900000001"}
    actions.save_row(Call(staff.worker), row=row.pk, base_revision=1, cells=cells)
    actions.send_differences(Call(staff.clerk), book=book.pk)
    found = Difference.objects.get()
    call = Call(staff.source, key="accept-1")
    with monkeypatch.context() as patch:
        patch.setattr("quancheng.capabilities.ledgers.correcting.tables.apply_changes", fails)
        with pytest.raises(Unavailable):
            actions.decide_difference(call, difference=found.pk, accept=True)
    assert found.refresh().state == "waiting" and row.refresh().base["手机号"] != "13900000001"
    done = actions.decide_difference(call, difference=found.pk, accept=True)
    again = actions.decide_difference(call, difference=found.pk, accept=True)
    assert done.pk == again.pk and base.view_of(returned).version == 2


def test_messages_that_fail_send_no_book_out(
    staff: SimpleNamespace, returned: Returned, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.capabilities.ledgers.conftest import draft

    book = draft(staff.clerk, returned)
    actions.propose_book(Call(staff.clerk), book=book.pk)
    with monkeypatch.context() as patch:
        patch.setattr("quancheng.capabilities.ledgers.outfitting.messages.send_message", fails)
        with pytest.raises(Unavailable):
            actions.decide_book(Call(staff.head), book=book.pk, approve=True)
    assert book.refresh().state == "proposed" and not Row.objects.exists()
    actions.decide_book(Call(staff.head), book=book.pk, approve=True)
    assert Row.objects.count() == 9 and Message.objects.count() == 2


def test_a_lost_answer_costs_nothing(book: Book, staff: SimpleNamespace) -> None:
    row = book.rows.get(number=1)
    facts = {"row": row.pk, "base_revision": 1, "cells": {"是否健在": "健在"}}
    answers = [actions.save_row(Call(staff.worker, key="lost"), **facts) for _ in range(5)]
    assert all(one == answers[0] for one in answers) and Submission.objects.count() == 1
