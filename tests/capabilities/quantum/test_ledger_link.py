"""量链融合: the ledger's checkpoints are witnessed by another city over a quantum-safe link.

Four programs: key managers, the other city's ledger node, its link in front of it, and this node. The
ledger's client knows only HTTP: its member's address is the link proxy's.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from tests.capabilities.chain.conftest import cities, city
from tests.capabilities.chain.test_alliance import anchor
from tests.capabilities.quantum.threads import THREADS
from tests.capabilities.quantum.world import Kmes, Process, start_peer

from quancheng.capabilities.chain import tasks as chain_tasks
from quancheng.capabilities.chain.models import Head, Member
from quancheng.capabilities.quantum import actions, link_client
from quancheng.capabilities.quantum.models import Link
from quancheng.capabilities.quantum.proxy import LinkProxy
from quancheng.core.keys import to_jwk
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.kernel.models import writing

__all__ = ["cities", "city"]


@pytest.fixture
def proxy() -> Iterator[LinkProxy]:
    one = LinkProxy(0).start()
    yield one
    one.stop()


@pytest.fixture
def front(
    node: None,
    cities: Callable[..., Any],
    far: Kmes,
    proxy: LinkProxy,
    make_link: Callable[..., Link],
    actor: Callable[..., Actor],
    tmp_path: Path,
) -> Iterator[Process]:
    """Another city's ledger node behind its end of a link; our ledger knows it by the proxy's address."""
    ledger = cities("qingdao")
    one = start_peer(
        tmp_path,
        far,
        peer=link_client.node_name(),
        peer_key=to_jwk(link_client.node_key().public),
        upstream=urlsplit(ledger.told["url"]).port,
        offered=["/chain/"],
    )
    make_link(one.first["port"])
    actions.open_link(Call(actor()), code="jn-qd")
    with writing("tests"):
        Member.objects.update(url=f"http://127.0.0.1:{proxy.port}/jn-qd")
    yield one
    one.kill()


def _heads() -> list[int]:
    return list(Head.objects.order_by("size").values_list("witnesses", flat=True))


@THREADS
def test_checkpoints_are_witnessed_over_the_link_and_go_on_when_it_falls_back(
    front: Process, far: Kmes, actor: Callable[..., Actor]
) -> None:
    anchor(3)
    chain_tasks.head()
    assert _heads() == [1]
    assert Link.objects.get().state == Link.State.OPEN
    far.command(intact=False)
    far.drain()
    actions.rekey_link(Call(actor()), code="jn-qd")
    anchor(3)
    chain_tasks.head()
    assert _heads() == [1, 1]  # still witnessed
    row = Link.objects.get()
    assert (row.state, row.away) == (Link.State.FALLBACK, "EMPTY")  # and told


@THREADS
def test_a_dead_link_is_a_witness_that_does_not_answer(front: Process) -> None:
    front.kill()
    anchor()
    chain_tasks.head()
    assert _heads() == [0]
    assert Member.objects.get().fault
    assert Link.objects.get().state == Link.State.DOWN


@THREADS
def test_the_proxy_tells_the_strength_and_what_went_wrong(front: Process, proxy: LinkProxy) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{proxy.port}/jn-qd/chain/checkpoint", timeout=10) as answer:
        assert answer.headers["Quancheng-Link-Strength"] == "FULL"
        assert b"chain" in answer.read()
    for path, status in (("/nowhere/chain/", 404), ("/jn-qd/peer/grow", 403), ("/", 404)):
        with pytest.raises(HTTPError) as refused:
            opener.open(f"http://127.0.0.1:{proxy.port}{path}", timeout=10)
        assert refused.value.code == status


@THREADS
def test_a_line_break_in_a_head_is_refused(front: Process) -> None:
    from quancheng.kernel.errors import InvalidInput

    with pytest.raises(InvalidInput):
        link_client.http("jn-qd", "GET", "/chain/checkpoint HTTP/1.1\r\nX: y")
    answer = link_client.http("jn-qd", "GET", "/chain/checkpoint")
    assert (answer.status, answer.done.fell_back) == (200, False)
