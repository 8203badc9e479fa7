"""One supervised process: start, prefix its output, restart with backoff, end its group."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO

from quancheng.kernel.events.retry import exponential
from quancheng.kernel.supervisor.child import PARENT
from quancheng.kernel.supervisor.nursery import Nursery

CHILD = "quancheng.kernel.supervisor.child"
STEADY_SECONDS = 60.0
"""Having run this long, a process that ends is restarted without the backoff of earlier falls."""

Write = Callable[[str], None]


def print_line(line: str) -> None:
    """Write a line of output at once, whole."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Adopted:
    """A child the nursery bore and this process adopted; speaks as ``subprocess.Popen`` does."""

    def __init__(self, pid: int, stdout: IO[bytes]) -> None:
        self.pid, self.stdout = pid, stdout

    def wait(self) -> int:
        """Take the exit code; negative for a signal."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class ManagedProcess:
    """A command in a process group of its own.

    With a ``nursery``, a ``quancheng`` command begins as its fork; without, or when it is gone, as a
    fresh interpreter.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        width: int = 9,
        write: Write = print_line,
        nursery: Nursery | None = None,
    ):
        self.name = name
        self.command = list(command)
        self.restarts = 0
        self._width = width
        self._write = write
        self._backoff = exponential(first=0.5, cap=30.0)
        self._falls = 0
        own = self.command[:3] == [sys.executable, "-m", "quancheng.cli"]
        self._nursery = nursery if own else None
        self._process: subprocess.Popen[bytes] | Adopted | None = None
        self._started = 0.0
        self._start_at = 0.0
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The running process's id."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether it runs at this moment."""
        return self._process is not None and not self._has_ended()

    def tick(self) -> None:
        """Start it when due; notice its end and plan the restart."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._start_at and not (self._nursery and self._nursery.is_coming()):
                self._start(now)
            return
        if not self._has_ended():
            return
        code = self._reap()
        self._falls = 1 if now - self._started >= STEADY_SECONDS else self._falls + 1
        wait = self._backoff(self._falls)
        self.say(f"ended with {_describe(code)}; starting again in {wait:g} s")
        self._start_at = now + wait
        self.restarts += 1

    def _start(self, now: float) -> None:
        self._process = self._born() or self._spawned()
        self._started = now
        if self._process.stdout is not None:
            self._reader = threading.Thread(target=self._copy, args=(self._process.stdout,), daemon=True)
            self._reader.start()
        self.say(f"started, pid {self._process.pid}")

    def _born(self) -> Adopted | None:
        if self._nursery is None:
            return None
        ours, theirs = os.pipe()
        try:
            pid = self._nursery.bear(self.command[3:], theirs)
        finally:
            os.close(theirs)
        if pid is None:
            os.close(ours)
            return None
        return Adopted(pid, os.fdopen(ours, "rb"))

    def _spawned(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {PARENT: str(os.getpid()), "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", CHILD, *self.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )

    def _copy(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.say(line.decode("utf-8", "replace").rstrip("\r\n"))

    def say(self, text: str) -> None:
        """Write a line under this process's name."""
        self._write(f"{self.name:<{self._width}} | {text}")

    def terminate(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Signal the whole process group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)  # its leader is our child, not yet reaped

    def wait(self, seconds: float) -> bool:
        """Wait for its end and clear up after it; False when it still runs after ``seconds``."""
        until = time.monotonic() + seconds
        while self._process is not None:
            if self._has_ended():
                self._reap()
            elif time.monotonic() >= until:
                return False
            else:
                time.sleep(0.02)
        return True

    def _has_ended(self) -> bool:
        """Whether it ended; it stays a zombie, so that its number cannot go to another."""
        if self._process is None:
            return True
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def _reap(self) -> int:
        """Kill what it left behind in its group, then take its exit code."""
        self.terminate(signal.SIGKILL)
        process, self._process = self._process, None
        code = process.wait() if process is not None else 0
        if self._reader is not None:
            self._reader.join(1.0)
        return code


def _describe(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
