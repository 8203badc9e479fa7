"""故障: what breaks between the decision and the commit is neither answered nor charged."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from tests.capabilities.exchange.conftest import World, program, terms_of

from quancheng.capabilities.exchange import actions, sources
from quancheng.capabilities.exchange.exchange_client import ExchangeRefused
from quancheng.capabilities.exchange.models import Counter, Exchange, Grant, UseLine
from quancheng.core import exchange as core

pytestmark = [pytest.mark.django_db, pytest.mark.fault]
FIELDS = ("id_number", "age")


def test_what_cannot_be_written_is_not_answered(
    world: World, grant: Grant, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, terms = program(world, client), terms_of(grant)
    client.raise_request_exception = False

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("quancheng.capabilities.exchange.actions.exchanges._tell_persons", full)
    with pytest.raises(ExchangeRefused) as failed:
        ours.query(terms, FIELDS)
    assert failed.value.status == 500
    assert not Exchange.objects.exists() and not UseLine.objects.exists()
    assert (Counter.objects.get().calls, Counter.objects.get().rows) == (0, 0)
    monkeypatch.undo()


@pytest.mark.parametrize("what", ["key", "grant", "terms"])
def test_what_changes_while_rows_are_fetched_counts(
    world: World, grant: Grant, client: Client, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    ours, terms = program(world, client), terms_of(grant)
    fetch = sources.rows_of

    def slow(*args: Any) -> Any:
        rows = fetch(*args)
        if what == "key":
            name = core.key_name(ours.signer.public_der)
            actions.revoke_key(world.consumer, party="jn-market", key=name, reason="私钥遗失")
        elif what == "grant":
            number = grant.request.number
            actions.advance(world.provider, number=number, deed="withdraw", reason="用途已结束")
        else:
            from quancheng.kernel.models import writing

            with writing("tests"):
                Grant.objects.update(fields={"id_number": "tail", "age": "keep"})
        return rows

    monkeypatch.setattr(sources, "rows_of", slow)
    with pytest.raises(ExchangeRefused) as refused:
        ours.query(terms, FIELDS)
    assert refused.value.status == (403 if what == "key" else 409)
    assert not Exchange.objects.exists() and Counter.objects.get().calls == 0
