"""参考成员城市 (模拟): another city's node as a program of its own, for demonstrations and tests.

    python -m quancheng.capabilities.chain.city_peer --name zibo --port 0 [--trust VKEY …] [--fork] [--clock 3600]

It keeps a log of its own in memory, has it cosigned by the cities it is told of (``POST /peer/members``), and
is a witness for theirs. It prints one line of JSON: name, url, log_key, witness_key. ``--fork`` shows every
second asker another history; ``--clock`` is how many seconds its clock is wrong.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from quancheng.core.keys import Algorithm, MemoryKey
from quancheng.core.merkle import SHA256, MemoryTree
from quancheng.core.tlog import Checkpoint, NoteKey, Request, Seen, add_checkpoint, sign_note


@dataclass(slots=True)
class City:
    """A city's node: a log, a witness, and its faults."""

    name: str
    fork: bool = False
    clock: int = 0
    log: MemoryKey = field(default_factory=lambda: MemoryKey.generate(Algorithm.EDDSA))
    witness: MemoryKey = field(default_factory=lambda: MemoryKey.generate(Algorithm.EDDSA))
    tree: MemoryTree = field(default_factory=lambda: MemoryTree(SHA256))
    other: MemoryTree = field(default_factory=lambda: MemoryTree(SHA256))
    """The history a forking city shows to every second asker."""
    logs: dict[str, NoteKey] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    asked: int = 0

    @property
    def base(self) -> str:
        """Name of its log's key."""
        return f"{self.name}.quancheng/chain"

    @property
    def origin(self) -> str:
        """Its one shard."""
        return f"{self.base}/2026"

    def grow(self, count: int = 1) -> None:
        """Append records nobody knows; a forking city keeps two histories from its third record on."""
        with self.lock:
            for _one in range(count):
                data = os.urandom(32)
                self.tree.append(data)
                self.other.append(os.urandom(32) if self.fork and self.tree.size > 2 else data)

    def note(self, tree: MemoryTree | None = None) -> str:
        """A signed checkpoint."""
        if tree is None:
            self.asked += 1
            tree = self.other if self.fork and self.asked % 2 == 0 else self.tree
        head = tree.head()
        return sign_note(Checkpoint(self.origin, head.size, head.root).text(), [(self.base, self.log)]).text()

    def judge(self, text: str) -> tuple[int, str]:
        """Answer ``add-checkpoint``."""
        request = Request.read(text)
        if request is None:
            return 400, "not an add-checkpoint request\n"
        origin = request.note.partition("\n")[0]
        with self.lock:
            mine = [key for base, key in self.logs.items() if origin.startswith(base + "/")]
            known = {origin: (mine[0], SHA256)} if mine else {}
            signer = (f"{self.name}.quancheng/witness", self.witness)
            answer = add_checkpoint(self.seen, known, request, signer, int(time.time()) + self.clock)
            if answer.seen is not None:
                self.seen[origin] = answer.seen
        return answer.status, answer.body

    def introduction(self, url: str) -> dict[str, str]:
        """What another city needs to take it in."""
        witness = NoteKey(f"{self.name}.quancheng/witness", self.witness.public, cosigns=True)
        return {
            "name": self.name, "url": url, "log_key": NoteKey(self.base, self.log.public).text(),
            "witness_key": witness.text(),
        }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """HTTP of a node."""

    protocol_version = "HTTP/1.1"
    server: CityServer

    def do_GET(self) -> None:
        """Checkpoint and proofs."""
        city, parts = self.server.city, urlsplit(self.path)
        if parts.path == "/chain/checkpoint":
            return self._say(200, city.note())
        if parts.path == "/chain/consistency":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            try:
                proof = city.tree.consistency(int(query["old"]), int(query["new"]))
            except (KeyError, ValueError) as wrong:
                return self._say(400, f"{wrong}\n")
            return self._say(200, "".join(base64.b64encode(one).decode() + "\n" for one in proof))
        return self._say(404, "no such page\n")

    def do_POST(self) -> None:
        """Witness; and, for the test that drives it, growth, members and asking."""
        city = self.server.city
        text = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 65536)).decode()
        if self.path == "/chain/witness/add-checkpoint":
            return self._say(*city.judge(text))
        if self.path == "/peer/members":
            key = NoteKey.read(text)
            city.logs[key.name] = key
            return self._say(200, "ok\n")
        if self.path == "/peer/grow":
            city.grow(int(text or "1"))
            return self._say(200, f"{city.tree.size}\n")
        if self.path == "/peer/ask":
            return self._say(200, json.dumps(ask(city, **json.loads(text))) + "\n")
        return self._say(404, "no such page\n")

    def _say(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class CityServer(ThreadingHTTPServer):
    """A node on this machine."""

    daemon_threads = True

    def __init__(self, city: City, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.city = city


def ask(city: City, url: str, old: int, other: bool = False) -> dict[str, Any]:
    """Have its newest checkpoint (or that of its other history) cosigned by a witness."""
    from quancheng.capabilities.chain.witness_client import NodeClient

    tree = city.other if other else city.tree
    proof = tree.consistency(old) if 0 < old <= tree.size else ()
    answer = NodeClient(url).cosign(Request(old, proof, city.note(tree)))
    return {"status": answer.status, "body": answer.body, "size": tree.size}


def start(city: City, port: int = 0) -> tuple[CityServer, dict[str, str]]:
    """Serve in a thread; returns the server and the introduction."""
    server = CityServer(city, port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, city.introduction(f"http://127.0.0.1:{server.server_address[1]}")


def main() -> None:
    """Serve until the standard input ends or a signal comes."""
    options = argparse.ArgumentParser()
    options.add_argument("--name", required=True)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--trust", action="append", default=[])
    options.add_argument("--fork", action="store_true")
    options.add_argument("--clock", type=int, default=0)
    wanted = options.parse_args()
    city = City(wanted.name, wanted.fork, wanted.clock)
    for text in wanted.trust:
        key = NoteKey.read(text)
        city.logs[key.name] = key
    city.grow(5)
    server, introduction = start(city, wanted.port)
    sys.stdout.write(json.dumps(introduction) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
