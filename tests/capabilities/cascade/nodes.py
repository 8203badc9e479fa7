"""Three nodes as three cities, each a web process and a worker of its own home and database, and lines to cut.

Where the machine allows it (root, ``ip``), each node lives in a network namespace and a cut takes its cable
out; else the nodes listen on loopback ports and a cutting proxy stands in every line.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from quancheng.testing.ports import free_port, listening

ROOT = Path(__file__).parents[3]
CITY, DISTRICT, PROVINCE = "city-1", "district-1", "province-1"
LINES = {(CITY, DISTRICT), (CITY, PROVINCE)}


class CutLine:
    """A TCP proxy that can break every connection through it and refuse new ones."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target, self.cut = target, False
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def set_cut(self, cut: bool) -> None:
        self.cut = cut
        for one in list(self._open) if cut else ():
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.set_cut(True)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.cut:
                near.close()
                continue
            try:
                far = socket.create_connection(self.target, 10)
            except OSError:
                near.close()
                continue
            self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            self._open.discard(each)


class Loopback:
    """The network on loopback ports with cutting proxies."""

    name = "loopback"

    def __init__(self, names: list[str]) -> None:
        self.ports = {name: free_port() for name in names}
        pairs = {pair for one, other in LINES for pair in ((one, other), (other, one))}
        self.lines = {pair: CutLine(("127.0.0.1", self.ports[pair[1]])) for pair in pairs}

    def listen(self, name: str) -> tuple[str, int]:
        return "127.0.0.1", self.ports[name]

    def within(self, name: str) -> list[str]:
        return []

    def url(self, caller: str, name: str) -> str:
        return f"http://127.0.0.1:{self.lines[caller, name].port}"

    def set_cut(self, one: str, other: str, cut: bool) -> None:
        for pair in ((one, other), (other, one)):
            self.lines[pair].set_cut(cut)

    def close(self) -> None:
        for line in self.lines.values():
            line.close()


class Namespaces:
    """The network of namespaces: the city's two cables, one to each neighbour."""

    name = "namespaces"

    def __init__(self, names: list[str]) -> None:
        self.mark = f"q{os.getpid() % 10_000}"
        self.made: list[str] = []
        self.names = names
        net = 16 + os.getpid() % 200
        self.address: dict[tuple[str, str], str] = {}
        try:
            for name in names:
                self._ip("netns", "add", self._space(name))
                self.made.append(self._space(name))
                self._ip("-n", self._space(name), "link", "set", "lo", "up")
            for place, (one, other) in enumerate(sorted(LINES)):
                self._cable(one, other, f"10.{net}.{place}")
        except (OSError, subprocess.CalledProcessError):
            self.close()
            raise

    def _cable(self, one: str, other: str, net: str) -> None:
        ends = {name: f"{self.mark}{one[0]}{other[0]}{side}" for side, name in enumerate((one, other))}
        first, second = ends[one], ends[other]
        self._ip("link", "add", first, "type", "veth", "peer", "name", second)
        for side, name in enumerate((one, other), 1):
            self._ip("link", "set", ends[name], "netns", self._space(name))
            self._ip("-n", self._space(name), "addr", "add", f"{net}.{side}/24", "dev", ends[name])
            self._ip("-n", self._space(name), "link", "set", ends[name], "up")
        self.address[other, one], self.address[one, other] = f"{net}.1", f"{net}.2"
        self.ends = {**getattr(self, "ends", {}), (one, other): first}

    def listen(self, name: str) -> tuple[str, int]:
        return "0.0.0.0", 8000

    def within(self, name: str) -> list[str]:
        return ["ip", "netns", "exec", self._space(name)]

    def url(self, caller: str, name: str) -> str:
        return f"http://{self.address[caller, name]}:8000"

    def set_cut(self, one: str, other: str, cut: bool) -> None:
        one, other = next(pair for pair in LINES if set(pair) == {one, other})
        end, state = self.ends[one, other], "down" if cut else "up"
        self._ip("-n", self._space(one), "link", "set", end, state)

    def close(self) -> None:
        for space in self.made:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)

    def _space(self, name: str) -> str:
        return f"{self.mark}-{name}"

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)


def network(names: list[str], prefer_namespaces: bool = True) -> Loopback | Namespaces:
    """Namespaces if the machine allows them."""
    if prefer_namespaces and os.geteuid() == 0 and shutil.which("ip"):
        with suppress(OSError, subprocess.CalledProcessError):
            return Namespaces(names)
    return Loopback(names)


class NodeProcess:
    """A node: its web process and its worker. ``ask`` gives the worker a command and waits for the answer."""

    def __init__(self, name: str, home: Path, net: Loopback | Namespaces) -> None:
        self.name, self.home, self.net = name, home, net
        host, port = net.listen(name)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("QUANCHENG_")}
        self.environment = {
            **inherited, **listening(), "QUANCHENG_HOME": str(home), "QUANCHENG_NODE": name, "QUANCHENG_DEMO": "0",
            "QUANCHENG_SQLITE_SYNCHRONOUS": "OFF", "QUANCHENG_LOG_LEVEL": "ERROR", "QUANCHENG_ALLOWED_HOSTS": "*",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        }  # fmt: skip
        self.log = (home / "node.log").open("ab")
        self.web = subprocess.Popen(
            [*net.within(name), sys.executable, "-m", "quancheng.cli", "run", "--host", host, "--port", str(port),
             "--only", "web"],
            env=self.environment, stdout=self.log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.worker = self._worker()

    def _worker(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.net.within(self.name), sys.executable, "-m", "tests.capabilities.cascade.node_driver"],
            env=self.environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            text=True,
        )  # fmt: skip

    def send(self, do: str, **arguments: Any) -> None:
        assert self.worker.stdin is not None
        self.worker.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.worker.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.worker.stdout is not None
        while line := self.worker.stdout.readline():
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                return found
        raise RuntimeError((self.home / "node.log").read_bytes()[-4000:].decode(errors="replace"))

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        self.send(do, **arguments)
        return self.answer()

    def kill_worker(self) -> None:
        """The worker dies at once, by its own id; another takes its place."""
        self.worker.kill()
        self.worker.wait()
        self.worker = self._worker()

    def ready(self, seconds: float = 90) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            code = (
                "import urllib.request as u;u.urlopen('http://127.0.0.1:"
                f"{self.net.listen(self.name)[1]}/healthz',timeout=3)"
            )
            within = self.net.within(self.name)
            if within:
                done = subprocess.run([*within, sys.executable, "-c", code], check=False, capture_output=True)
                if done.returncode == 0:
                    return
            else:
                with suppress(OSError):
                    urllib.request.urlopen(
                        f"http://127.0.0.1:{self.net.listen(self.name)[1]}/healthz", timeout=3
                    )
                    return
            if self.web.poll() is not None:
                break
            time.sleep(0.3)
        raise RuntimeError((self.home / "node.log").read_bytes()[-4000:].decode(errors="replace"))

    def web_cpu(self) -> float:
        """CPU seconds of the web process and its children so far."""
        total = 0.0
        todo = [self.web.pid]
        while todo:
            pid = todo.pop()
            with suppress(OSError, IndexError):
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                for task in Path(f"/proc/{pid}/task").iterdir():
                    todo += [int(one) for one in (task / "children").read_text().split()]
        return total

    def stop(self) -> None:
        for process in (self.worker, self.web):
            process.terminate()
        for process in (self.worker, self.web):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()


@contextmanager
def three_nodes(
    image: Path, folder: Path, prefer_namespaces: bool = True
) -> Iterator[dict[str, NodeProcess]]:
    """City, district and province, joined with each other's keys; all may have all."""
    names = [CITY, DISTRICT, PROVINCE]
    net = network(names, prefer_namespaces)
    nodes: dict[str, NodeProcess] = {}
    try:
        for name in names:
            shutil.copytree(image, folder / name)
            shutil.rmtree(folder / name / "keys", ignore_errors=True)
            nodes[name] = NodeProcess(name, folder / name, net)
        for one in nodes.values():
            one.ready()
        keys = {name: one.ask("node")["public_key"] for name, one in nodes.items()}
        for name, one in nodes.items():
            one.ask("open")
            others = [next(iter(set(pair) - {name})) for pair in sorted(LINES) if name in pair]
            one.ask("join", neighbours=[
                {"code": other, "zh": other, "kind": "peer", "address": net.url(name, other),
                 "public_key": keys[other], "gives": [{}]}
                for other in others
            ])  # fmt: skip
        yield nodes
    finally:
        for one in nodes.values():
            one.stop()
        net.close()


def settle(nodes: dict[str, NodeProcess], most: int = 100) -> list[dict[str, Any]]:
    """Rounds of all nodes until none brings anything; the last answers."""
    for _ in range(most):
        for one in nodes.values():
            one.send("round")
        answers = [one.answer() for one in nodes.values()]
        assert not any(answer["refused"] for answer in answers), answers
        if any(answer["changes"] or answer["gathered"] or answer["faults"] for answer in answers):
            continue
        if not any(answer["waiting"] for answer in answers):
            return answers
        time.sleep(1)
    raise AssertionError("the nodes do not come to rest")
