"""参考对端节点（模拟）: another city's node as a program of its own: answers a link, serves office documents.

``python -m quancheng.capabilities.quantum.link_peer CONFIG.json``. One JSON object a line on standard
output tells each session and refusal; it serves until its input closes. The documents it serves lie
in envelopes under a master key of its own (encrypted storage) and are marked 模拟.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from quancheng.capabilities.quantum.kme_client import KmeAccess, KmeClient
from quancheng.capabilities.quantum.server import Handler, HttpForward, LinkServer, Served, answer_text
from quancheng.capabilities.quantum.values import SessionOpened, SessionRefused
from quancheng.core.keys import Algorithm, MemoryKey, from_jwk
from quancheng.core.linkkey import (
    Envelope,
    Identity,
    MasterKey,
    Session,
    Strength,
    Suite,
    open_envelope,
    seal_envelope,
)

__all__ = ["DOCUMENTS", "Office", "main", "serve"]

DOCUMENTS: tuple[tuple[str, str, str], ...] = (
    (
        "jt-2026-11",
        "省会经济圈应急联动会商纪要（模拟）",
        "一、共享雨情水情。二、客运班线临时调整互通。三、下次会商12月8日。",
    ),
    (
        "jt-2026-12",
        "跨市不动产登记数据核验安排（模拟）",
        "双方按授权逐笔核验，凭使用回执对账，不留存对方原始数据。",
    ),
)
"""Number, title, text of what the simulated neighbour serves."""


class Office:
    """移动办公文档: documents kept in envelopes, opened only to be sent over a link."""

    def __init__(self, documents: Sequence[tuple[str, str, str]]) -> None:
        self._master = MasterKey("office-sim", os.urandom(32))
        self._titles = {number: title for number, title, _ in documents}
        self._stored = {
            number: seal_envelope(self._master, text.encode(), number.encode()).to_bytes()
            for number, _, text in documents
        }

    def __call__(self, request: bytes, session: Session) -> bytes:
        """``GET /office/documents`` and ``GET /office/documents/<number>``."""
        method, path, *_ = (*request.split(b"\r\n", 1)[0].decode("latin-1").split(" "), "", "")
        if method != "GET" or not path.startswith("/office/documents"):
            return answer_text(404, "no such address")
        number = path.removeprefix("/office/documents").strip("/")
        if not number:
            rows = [{"number": one, "title": title} for one, title in self._titles.items()]
            return _json({"simulated": True, "documents": rows})
        if number not in self._stored:
            return answer_text(404, "no such document")
        envelope = Envelope.from_bytes(self._stored[number])
        text = open_envelope(self._master, envelope, number.encode()).decode()
        return _json({"simulated": True, "number": number, "title": self._titles[number], "text": text})


def _json(plain: Mapping[str, Any]) -> bytes:
    return answer_text(200, json.dumps(plain, ensure_ascii=False), "application/json")


def serve(config: Mapping[str, Any]) -> LinkServer:
    """A server for one link as configured: see ``main`` for the members."""
    identity = Identity(
        config["link"],
        config["name"],
        MemoryKey.from_private(Algorithm(config["algorithm"]), bytes.fromhex(config["private"])),
        config["peer"],
        from_jwk(config["peer_key"]),
        tuple(Suite(one) for one in config.get("suites", [str(Suite.AES_256_GCM)])),
        Strength(config.get("weakest", "POST_QUANTUM")),
    )
    kme = config.get("kme")
    client = (
        KmeClient(KmeAccess(kme["url"], kme["peer_sae"], Path(kme["certificate"]), Path(kme["authority"])))
        if kme
        else None
    )
    served = Served(identity, client)
    address = ("127.0.0.1", int(config["port"]))
    find = {identity.link: served}.get
    return LinkServer(address, find, _handler(config), _tell).start()


def _handler(config: Mapping[str, Any]) -> Handler:
    """The office; or, with ``upstream``, a service of this machine such as a ledger's node."""
    if "upstream" in config:
        return HttpForward("127.0.0.1", int(config["upstream"]), tuple(config["offered"]))
    return Office(DOCUMENTS)


def _tell(what: SessionOpened | SessionRefused) -> None:
    kind = "opened" if isinstance(what, SessionOpened) else "refused"
    print(json.dumps({"event": kind, **asdict(what)}, default=str), flush=True)


def main(arguments: Sequence[str]) -> None:
    """Members of the file: link, name, algorithm, private (hex), peer, peer_key (JWK), port; suites, weakest, kme, upstream."""
    config = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    server = serve(config)
    print(json.dumps({"event": "listening", "port": server.port}), flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
