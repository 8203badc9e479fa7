"""The real product in processes of its own: ``quancheng setup``, then ``quancheng run``.

Browser tests, drills from outside and load tests meet the city as people do, by its address.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quancheng.testing.ports import free_port, listening

KERNEL = ("web", "worker", "scheduler")
ABSENT = ("QUANCHENG_DATABASE_URL", "QUANCHENG_STORE", "QUANCHENG_BUS_URL", "QUANCHENG_DEBUG")
_CATCH_UP = """
from quancheng.cli import start_django
start_django()
from quancheng.kernel.events.dispatcher import EventDispatcher
from quancheng.kernel.jobs.worker import JobWorker
dispatcher, worker, idle = EventDispatcher(), JobWorker("catch-up"), 0
while idle < 2:
    told = dispatcher.run_once().tried + dispatcher.fanned_out
    idle = 0 if worker.run_once() or told else idle + 1
"""


class DidNotStart(RuntimeError):
    """The city was not ready in time; the message is the end of its log."""


class CityServer:
    """A demo city of its own in ``home``. Use as a context manager; ``url`` is its address.

    ``components`` are what ``quancheng run --only`` starts; ``image`` is the home of a city made before,
    copied instead of setting one up. The processes get nothing from the
    caller's environment that points at another city.
    """

    def __init__(
        self,
        home: Path,
        *,
        persons: int = 600,
        firms: int = 60,
        components: tuple[str, ...] = KERNEL,
        environment: Mapping[str, str] | None = None,
        ready_seconds: float = 60,
        image: Path | None = None,
    ) -> None:
        self.home = home
        self.persons, self.firms = persons, firms
        self.components = components
        self.image = image
        self.ready_seconds = ready_seconds
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "city.log"
        self.process: subprocess.Popen[bytes] | None = None
        inherited = {key: value for key, value in os.environ.items() if key not in ABSENT}
        self.environment = {
            **inherited,
            "QUANCHENG_HOME": str(home),
            "QUANCHENG_DEMO": "1",
            "QUANCHENG_PUBLIC_URL": self.url,
            **listening(),
            "QUANCHENG_SQLITE_SYNCHRONOUS": "OFF",
            "QUANCHENG_LOG_LEVEL": "WARNING",
            **(environment or {}),
        }

    def __enter__(self) -> CityServer:
        if self.image is None:
            self.make()
        else:
            shutil.copytree(self.image, self.home, dirs_exist_ok=True)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def make(self) -> None:
        """Set the city up in its home."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.command("setup", "--persons", str(self.persons), "--firms", str(self.firms))

    def catch_up(self) -> None:
        """Do what the demo data left to the workers (documents to print, pictures to read), to the end."""
        self._run(["-c", _CATCH_UP], "catching up", 600)

    def command(self, *arguments: str, seconds: float = 180) -> str:
        """Run ``quancheng …`` in this city and give what it printed; raises with its words if it fails."""
        return self._run(["-m", "quancheng.cli", *arguments], f"quancheng {' '.join(arguments)}", seconds)

    def _run(self, arguments: list[str], what: str, seconds: float) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{what}: exit code {done.returncode}\n{done.stderr.decode()}")
        return done.stdout.decode()

    def start(self) -> None:
        """Start the components and wait until the web answers."""
        only = [word for name in self.components for word in ("--only", name)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "quancheng.cli", "run", "--port", str(self.port), *only],
                env=self.environment,
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + self.ready_seconds
        while not self.answers("/healthz"):
            if self.process.poll() is not None or time.monotonic() > until:
                raise DidNotStart(self.last_words())
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask the supervisor to end, by its own process id; it ends its children."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def answers(self, path: str) -> bool:
        """Whether the city answers with success at a path."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310
                found: Any = answer.status
                return bool(found == 200)
        except (OSError, urllib.error.URLError):
            return False

    def last_words(self, size: int = 4000) -> str:
        """The end of the log."""
        return self.log.read_bytes()[-size:].decode(errors="replace") if self.log.exists() else ""
