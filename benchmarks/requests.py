"""Pages and lists of a real server: requests a second, and CPU time of the server for each."""

from __future__ import annotations

import http.client
import statistics
import threading
import time

from benchmarks.city import small_city
from benchmarks.harness import benchmark, figure
from quancheng.testing.product import Product

CLIENTS = 4
REQUESTS = 400
TARGETS = (
    ("citizen_home", "", "/"),
    ("citizen_home_signed_in", "citizen-elder", "/"),
    ("desk_inbox", "clerk-civil", "/work/cases/"),
    ("api_list", "", "/api/v1/people/firms"),
    ("healthz", "", "/healthz"),
)


@benchmark("requests", "pages and API lists of a real server", "psutil, httpx")
def run(scale: float) -> None:
    """Each target is asked by four clients on kept connections; the server's CPU time is read outside."""
    with small_city() as product:
        for name, identity, path in TARGETS:
            with product.client(identity) as client:
                cookies = "; ".join(f"{key}={value}" for key, value in client.cookies.items())
            _ask(product, path, cookies, 40)  # templates compiled, connections opened
            _measure(product, name, path, cookies, max(40, int(REQUESTS * scale)))


def _measure(product: Product, name: str, path: str, cookies: str, requests: int) -> None:
    import psutil

    assert product.process is not None
    server = psutil.Process(product.process.pid)
    before, started = server.cpu_times(), time.perf_counter()
    times = _ask(product, path, cookies, requests)
    wall, after = time.perf_counter() - started, server.cpu_times()
    spent = after.user + after.system - before.user - before.system
    figure(f"requests_{name}", len(times) / wall, "requests/s")
    figure(f"requests_{name}_cpu", 1000 * spent / len(times), "ms")
    figure(f"requests_{name}_p50", 1000 * statistics.median(times), "ms")
    figure(f"requests_{name}_p95", 1000 * statistics.quantiles(times, n=20)[-1], "ms")


def _ask(product: Product, path: str, cookies: str, requests: int) -> list[float]:
    """Times of all requests in seconds; raises when an answer is not 200."""
    times: list[float] = []
    wrong: list[int] = []

    def client(share: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=60)
        for _ in range(share):
            started = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": cookies, "Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - started)
            if answer.status != 200:
                wrong.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=client, args=(requests // CLIENTS,)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"{path}: {wrong[0]}")
    return times
