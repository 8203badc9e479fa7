"""Peers call this node: its gateway answers from threads of its own, over the registered links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.capabilities.quantum.threads import THREADS, run_in_a_file
from tests.capabilities.quantum.world import GET_DOCUMENTS, OURS, caller, wait

from quancheng.capabilities.quantum import actions, gateway, link_client
from quancheng.capabilities.quantum.caller import LinkDown
from quancheng.capabilities.quantum.models import Link, LinkEvent
from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor

Make = Callable[..., Link]

test_in_a_file = run_in_a_file(5, __file__, str(Path(__file__).with_name("test_ledger_link.py")))


@THREADS
def test_the_gateway_answers_registered_links_and_books_them(
    node: None, make_link: Make, actor: Callable[..., Actor]
) -> None:
    from quancheng.capabilities.quantum.models import Peer
    from quancheng.core.keys import to_jwk
    from quancheng.kernel.models import writing

    make_link(0, quantum=False)
    with writing("tests"):
        Peer.objects.update(public_key=to_jwk(OURS.public), code="jinan")  # the caller of world.py
    server = gateway.serve(("127.0.0.1", 0), ("127.0.0.1", 9), ("/witness/",))
    link = caller(server.port, None)
    link._me = _as_peer()
    try:
        with pytest.raises(LinkDown) as closed:
            link.exchange(GET_DOCUMENTS)
        assert closed.value.reason == "OTHER_PARTY"  # registered, not opened
        actions.open_link(Call(actor()), code="jn-qd")
        assert link.exchange(GET_DOCUMENTS).response.startswith(b"HTTP/1.1 403")
        assert link.exchange(b"GET /witness/ HTTP/1.1\r\n\r\n").response.startswith(b"HTTP/1.1 502")
        row = wait(lambda: Link.objects.filter(state=Link.State.FALLBACK).first())
        assert row.away == "NO_LINE"
        false = caller(server.port, None)  # somebody else calls in the peer's name
        false._me = replace(_as_peer(), key=MemoryKey.generate(Algorithm.ES256))
        for _ in range(3):
            with pytest.raises(LinkDown):
                false.exchange(GET_DOCUMENTS)
        wait(lambda: LinkEvent.objects.filter(kind="REFUSED", reason="SIGNATURE").count() == 1)
        assert Link.objects.get().state == Link.State.FALLBACK  # a stranger changes nothing
        actions.close_link(Call(actor()), code="jn-qd", reason="演练结束")
        with pytest.raises(LinkDown) as over:
            link.exchange(GET_DOCUMENTS)  # on the session that was open
        assert over.value.reason == "ERASED"
    finally:
        link.drop()
        server.stop()


def _as_peer() -> Any:
    from quancheng.core.linkkey import Identity

    return Identity("jn-qd", "jinan", OURS, link_client.node_name(), link_client.node_key().public)
