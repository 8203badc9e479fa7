"""Real processes for stories: a pair of key managers, a peer node, and a line somebody may tamper with."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from quancheng.capabilities.quantum import pki
from quancheng.capabilities.quantum.caller import CallerSettings, LinkCaller
from quancheng.capabilities.quantum.kme_client import KmeAccess, KmeClient
from quancheng.capabilities.quantum.values import SessionOpened
from quancheng.core.keys import Algorithm, MemoryKey, to_jwk
from quancheng.core.linkkey import Identity, RekeyPolicy, Strength, Suite

PACKAGE = "quancheng.capabilities.quantum"
OURS = MemoryKey.generate(Algorithm.ML_DSA_44)
THEIRS = MemoryKey.generate(Algorithm.ES256)
GET_DOCUMENTS = b"GET /office/documents HTTP/1.1\r\nHost: office\r\n\r\n"


class Process:
    """A program of its own that says one JSON object a line."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", f"{PACKAGE}.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.heard: list[dict[str, Any]] = []
        threading.Thread(target=self._listen, daemon=True).start()
        self.first = wait(lambda: self.heard and self.heard[0], 20.0)

    def _listen(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self.heard.append(json.loads(line))

    def kill(self) -> None:
        """No farewell."""
        self._child.kill()
        self._child.communicate()


def wait(found: Callable[[], Any], seconds: float = 8.0) -> Any:
    """What ``found`` gives, as soon as it is something."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)
    return answer


class Kmes(Process):
    """Two key managers and their fibre; ``keys``: how many they store."""

    def __init__(self, folder: Path, keys: int = 4) -> None:
        self.folder = pki.make(folder, ("jinan", "qingdao", "mallory"))
        super().__init__("kme_peer", str(folder), "0", "0", str(keys))
        self.ports: list[int] = self.first["ports"]

    def access(self, place: int, me: str, peer: str, seconds: float = 3.0) -> KmeAccess:
        return KmeAccess(
            f"https://127.0.0.1:{self.ports[place]}",
            peer,
            pki.certificate(self.folder, me),
            self.folder / pki.AUTHORITY,
            seconds,
        )

    def client(self, place: int = 0, me: str = "jinan", peer: str = "qingdao") -> KmeClient:
        return KmeClient(self.access(place, me, peer))

    def filled(self) -> None:
        """Wait until the stores are full."""
        client = self.client()
        wait(lambda: client.status().stored_key_count == client.status().max_key_count)

    def drain(self) -> None:
        """Use up what is stored."""
        client = self.client()
        if stored := client.status().stored_key_count:
            client.enc_keys(stored)

    def command(self, **wish: Any) -> dict[str, Any]:
        """What the demonstrator does to the fibre."""
        context = ssl.create_default_context(cafile=str(self.folder / pki.AUTHORITY))
        context.load_cert_chain(str(pki.certificate(self.folder, "jinan")))
        line = http.client.HTTPSConnection("127.0.0.1", self.ports[0], context=context, timeout=5)
        line.request("PUT", "/simulator", json.dumps(wish))
        answer: dict[str, Any] = json.loads(line.getresponse().read())
        line.close()
        return answer


def start_peer(
    folder: Path,
    kmes: Kmes | None = None,
    *,
    key: MemoryKey = THEIRS,
    port: int = 0,
    **more: Any,
) -> Process:
    """The node of the other city."""
    kme = None
    if kmes is not None:
        access = kmes.access(1, "qingdao", "jinan")
        kme = {
            "url": access.url,
            "peer_sae": "jinan",
            "certificate": str(access.certificate),
            "authority": str(access.authority),
        }
    config = {
        "link": "jn-qd",
        "name": "qingdao",
        "peer": "jinan",
        "algorithm": str(key.algorithm),
        "private": key.private_bytes().hex(),
        "peer_key": to_jwk(OURS.public),
        "port": port,
        "kme": kme,
        **more,
    }
    file = folder / "peer.json"
    file.write_text(json.dumps(config))
    return Process("link_peer", str(file))


class Told(list[SessionOpened]):
    """Sessions in the order they were told."""


def caller(
    port: int,
    kme: KmeClient | None,
    told: Told | None = None,
    *,
    weakest: Strength = Strength.POST_QUANTUM,
    suite: Suite = Suite.AES_256_GCM,
    policy: RekeyPolicy | None = None,
    seconds: float = 5.0,
) -> LinkCaller:
    """Our end; it tries for full strength at once after a fallback."""
    identity = Identity("jn-qd", "jinan", OURS, "qingdao", THEIRS.public, (suite,), weakest)
    keep = policy or RekeyPolicy(timedelta(hours=1), 1000, 1 << 30)
    settings = CallerSettings(keep, seconds, restore=timedelta(0))
    return LinkCaller(identity, ("127.0.0.1", port), kme, settings, (told if told is not None else []).append)


class Meddler:
    """A TCP proxy that may flip a byte of what it carries (0-based place in a record frame)."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.flip: int | None = None
        self.replay = False
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            near, _ = self._door.accept()
            far = socket.create_connection(("127.0.0.1", self._to))
            for one, other, ours in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=(one, other, ours), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, ours: bool) -> None:
        try:
            while head := _exact(one, 5):
                body = bytearray(_exact(one, int.from_bytes(head[1:], "big")))
                if ours and head[0] == 2 and self.flip is not None:
                    body[self.flip % len(body)] ^= 1
                other.sendall(head + body)
                if ours and head[0] == 2 and self.replay:
                    other.sendall(head + body)
        except OSError:
            pass
        finally:
            one.close()
            other.close()


def _exact(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = line.recv(size - len(data))
        if not part:
            raise OSError
        data += part
    return data
