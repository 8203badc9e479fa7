"""How fast the command line and the server start, and how big the wheel is."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.harness import benchmark, figure, fresh_home
from quancheng.testing.ports import free_port

ROOT = Path(__file__).resolve().parents[1]


@benchmark("startup", "quancheng --help, server start, wheel size", "a built frontend for the wheel")
def run(scale: float) -> None:
    """Median of several starts."""
    _help(max(3, int(7 * scale)))
    _server(max(1, int(3 * scale)))
    _wheel()


def _help(times: int) -> None:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "quancheng.cli", "--help"], check=True, stdout=subprocess.DEVNULL
        )
        taken.append(time.perf_counter() - started)
    figure("startup_help_median", statistics.median(taken), "s")


def _server(times: int) -> None:
    fresh_home()
    environment = {**os.environ}
    subprocess.run(
        [sys.executable, "-m", "quancheng.cli", "migrate"],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    taken = []
    for _ in range(times):
        port = free_port()
        started = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "quancheng.cli", "web", "--port", str(port)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await(f"http://127.0.0.1:{port}/healthz")
            taken.append(time.perf_counter() - started)
        finally:
            server.terminate()
            server.wait(15)
    figure("startup_server_median", statistics.median(taken), "s")


def _await(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("the server did not start")


def _wheel() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, str(ROOT)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wheel = next(Path(folder).glob("*.whl"))
        figure("startup_wheel_size", wheel.stat().st_size / 1e6, "MB")
