"""One process of the real product, to be killed, started again and measured.

``testing.server`` runs a whole city for a browser; here a test holds the single server process::

    with Product(folder) as product:
        product.command("setup", "--persons", "60")
        product.start()
        with product.client("citizen-elder") as elder:
            elder.get("/")
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quancheng.testing.ports import free_port, listening

if TYPE_CHECKING:
    import httpx

READY_SECONDS = 60.0


class Product:
    """One city in ``home``; nothing of the caller's QUANCHENG_ environment reaches it."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        self.log = home / "server.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("QUANCHENG_")}
        self.environment = inherited | {
            "QUANCHENG_HOME": str(home),
            "QUANCHENG_DEMO": "1",
            "QUANCHENG_LOG_LEVEL": "WARNING",
            **listening(),
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Product:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- commands ---------------------------------------------------------------------------
    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``quancheng …`` to its end; raises with what it said when ``check`` and it failed."""
        done = self._run([sys.executable, "-m", "quancheng.cli", *arguments])
        if check and done.returncode:
            raise RuntimeError(
                f"quancheng {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def ask(self, code: str) -> Any:
        """Run Python in the product's own settings; what it assigns to ``answer`` comes back."""
        start = "from quancheng.cli import start_django; start_django(); import json\n"
        done = self._run([sys.executable, "-c", f"{start}{code}\nprint('\\n' + json.dumps(answer))"])
        if done.returncode:
            raise RuntimeError(f"{done.stdout}{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    # -- the server -------------------------------------------------------------------------
    def start(self, *command: str, wait: bool = True) -> None:
        """Start ``quancheng web`` (or another command that listens) and wait until it answers."""
        arguments = command or ("web",)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "quancheng.cli", *arguments, "--port", str(self.port)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if wait:
            self.wait_until_it_answers()

    def wait_until_it_answers(self, seconds: float = READY_SECONDS) -> None:
        """Return when ``/healthz`` answers; raises with the log when it never does."""
        until = time.monotonic() + seconds
        while not self.answers():
            if self.process is None or self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start:\n{self.words()[-4000:]}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether the server answers at this moment."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def words(self) -> str:
        """What the server wrote so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self) -> None:
        """SIGKILL: no goodbye of any kind."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not help."""
        self.end(signal.SIGTERM)

    def end(self, how: signal.Signals, seconds: float = 12.0) -> int | None:
        """Send a signal to the server's process and wait for its end; returns its exit code."""
        process, self.process = self.process, None
        if process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    # -- clients ----------------------------------------------------------------------------
    @contextlib.contextmanager
    def client(self, identity: str = "", **options: Any) -> Iterator[httpx.Client]:
        """A client signed in as a demo identity (or nobody), sending the CSRF token with writes."""
        import httpx

        with httpx.Client(base_url=self.url, timeout=60, trust_env=False, **options) as made:
            if identity:
                self._sign_in(made, identity)
            yield made

    def _sign_in(self, client: httpx.Client, identity: str) -> None:
        client.get("/demo/").raise_for_status()
        token = client.cookies["csrftoken"]
        answer = client.post("/demo/sign-in/", data={"key": identity, "csrfmiddlewaretoken": token})
        if answer.status_code != 302:
            raise RuntimeError(f"signing in as {identity}: {answer.status_code}")
        client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
