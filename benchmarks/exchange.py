"""Signed exchanges a second over the real HTTP server, with evidence, stamped meanwhile; p50 and p95 of each.

A city is set up in a scratch folder with one grant on a table of 2,000 people; its server runs as in
production (``quancheng run``: web, worker, scheduler). Programs of the consumer in threads sign, ask and
check the provider's signature; the client's own work is measured apart and not part of the latency.
Afterwards all is stamped and the files of a sample are verified by ``tools/verify_exchange.py``.
"""

from __future__ import annotations

import http.client
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.harness import benchmark, figure

THREADS = 4


@benchmark("exchange", "signed exchanges a second over HTTP with evidence, p95, verified afterwards")
def run(scale: float) -> None:
    """At least 40 exchanges; 1,000 at scale 1."""
    from quancheng.testing.product import Product

    count = max(40, int(1000 * scale))
    with tempfile.TemporaryDirectory(prefix="qc-exchange-") as folder, Product(Path(folder) / "home") as city:
        city.command("setup", "--persons", "60", "--firms", "10")
        facts = city.ask("from benchmarks.exchange_world import prepare; answer = prepare()")
        city.start()
        _measure(city.port, facts, count)
        step = max(1, count // 20)
        said = city.ask(
            f"from benchmarks.exchange_world import check; answer = check({facts['grant']!r}, {step})"
        )
    if said["exchanges"] != count or said["proved"] != said["checked"]:
        raise RuntimeError(f"{said}")
    figure("exchange_http_proved", said["proved"], "of the sample")
    figure("exchange_http_stamping", said["stamped"] / max(said["seconds"], 1e-6), "exchanges/CPU s")


def _measure(port: int, facts: dict[str, str], count: int) -> None:
    bodies = _signed(facts, count)
    latencies: list[float] = []
    faults: list[str] = []
    lock = threading.Lock()
    todo = iter(bodies)

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                body = next(todo, None)
            if body is None:
                return
            started = time.perf_counter()
            connection.request(
                "POST", f"/exchange/v1/{facts['grant']}", body, {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            said = answer.read()
            took = time.perf_counter() - started
            with lock:
                latencies.append(took)
                if answer.status != 200:
                    faults.append(f"{answer.status} {said[:200]!r}")

    started = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - started
    if faults:
        raise RuntimeError(f"{len(faults)} refused: {faults[0]}")
    latencies.sort()
    figure("exchange_http_rate", len(latencies) / whole, "exchanges/s")
    figure("exchange_http_p50", latencies[len(latencies) // 2] * 1000, "ms")
    figure("exchange_http_p95", latencies[int(len(latencies) * 0.95)] * 1000, "ms")


def _signed(facts: dict[str, str], count: int) -> list[bytes]:
    import base64
    from datetime import UTC, datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from quancheng.capabilities.exchange.exchange_client import ExchangeClient, Terms, wire
    from quancheng.core import exchange as core
    from quancheng.core.text import Text

    signer = core.Ed25519Signer(Ed25519PrivateKey.from_private_bytes(base64.b64decode(facts["private"])))
    consumer = core.Party(facts["consumer"], Text(facts["consumer_zh"], facts["consumer_en"]))
    provider = core.Party(facts["provider"], Text(facts["provider_zh"], facts["provider_en"]))
    terms = Terms(facts["grant"], provider, facts["resource"], facts["purpose"], facts["basis"])

    def nowhere(path: str, body: bytes) -> tuple[int, bytes]:
        raise RuntimeError(path)

    client = ExchangeClient(nowhere, consumer, signer, core.TrustedKeys.of(()), lambda: datetime.now(UTC))
    bodies = []
    for number in range(count):
        condition = core.Comparison("id_number", core.Operator.EQ, f"3701021950010{number % 2000:05d}")
        bodies.append(
            wire(client.sign(terms, ("id_number", "name", "district"), condition, f"C-{number}", b""))
        )
    return bodies
