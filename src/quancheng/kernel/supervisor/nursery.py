"""A process that has everything imported and forks the city's components 托儿所.

Nine processes that each import the same two thousand modules cost nine times two seconds of CPU and
two hundred megabytes. Here one process imports, and each component begins as its fork: it starts in
milliseconds and shares the memory. The child is adopted by the supervisor (``PR_SET_CHILD_SUBREAPER``,
prctl(2)), which waits for it and ends it exactly as if it had started it itself.

The nursery forks only while Python has a single thread there, so that no lock of ours is ever copied
in the held state; the numeric libraries' own idle threads have fork handlers.
Linux only; elsewhere, and when the nursery fails, components start as commands of their own.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from typing import Final

from quancheng.kernel import collector
from quancheng.kernel.supervisor.child import PARENT, die_with_parent

PR_SET_NAME: Final = 15
PR_SET_CHILD_SUBREAPER: Final = 36
SIZE: Final = 64 * 1024
ADOPTION_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 5.0
TRIES: Final = 3
"""So often a nursery that ended is opened again; after that components start without one."""

logger = logging.getLogger(__name__)


# -- the supervisor's side ------------------------------------------------------------------------------
class Nursery:
    """Opens the nursery process and asks it for children. Used by one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._is_ready = False
        self._left = TRIES if _adopt_orphans() else 0

    @property
    def pid(self) -> int | None:
        """The nursery's process id."""
        return self._process.pid if self._process else None

    def is_coming(self) -> bool:
        """Whether it is worth waiting: the nursery is still importing. Opens it when need be."""
        if self._is_ready:
            return False
        if self._process is None or self._process.poll() is not None:
            if self._left == 0:
                return False
            self._open()
        return not self._hear_ready()

    def bear(self, arguments: list[str], output: int) -> int | None:
        """Process id of a new child running ``quancheng <arguments>``; None when there is no nursery now.

        ``output`` is the descriptor that becomes its standard output and error.
        """
        if self._line is None or not self._is_ready:
            return None
        try:
            socket.send_fds(self._line, [json.dumps(arguments).encode()], [output])
            self._line.settimeout(ANSWER_SECONDS)
            answer = self._line.recv(SIZE)
        except OSError:
            answer = b""
        if not answer:
            self._forget()
            return None
        return int(answer)

    def close(self) -> None:
        """End the nursery; its children live on."""
        process = self._process
        self._forget()
        if process is not None:
            process.kill()
            process.wait()

    def _open(self) -> None:
        self._left -= 1
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = os.environ | {PARENT: str(os.getpid()), "PYTHONUNBUFFERED": "1"}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                env=environment,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._line = ours

    def _hear_ready(self) -> bool:
        assert self._line is not None
        self._line.setblocking(False)
        try:
            self._is_ready = self._line.recv(SIZE) == b"ready"
        except BlockingIOError:
            return False
        except OSError:
            self._is_ready = False
        if not self._is_ready:
            self._forget()
        return self._is_ready

    def _forget(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process, self._line, self._is_ready = None, None, False


def _adopt_orphans() -> bool:
    """Become the parent of orphans below this process; False where that is not possible."""
    if sys.platform != "linux":
        return False
    return int(ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) == 0


def reap_strangers(known: set[int]) -> None:
    """Take the exit codes of adopted processes nobody here waits for: what components left behind."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if found.si_pid in known:
                return  # its own keeper takes it at the next tick, and the rest comes after that
            os.waitpid(found.si_pid, 0)


# -- the nursery's side ---------------------------------------------------------------------------------
def main() -> None:
    """Import everything, then fork a child for each order until the supervisor is gone."""
    supervisor = int(os.environ[PARENT])
    die_with_parent(supervisor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    if threading.active_count() > 1:
        raise SystemExit("an import started a thread: nothing can be forked safely")
    line.send(b"ready")
    arguments = _wait_for_birth(line, supervisor)
    if arguments is not None:
        _live(arguments)


def _live(arguments: list[str]) -> None:
    """Be ``quancheng <arguments>`` until its end, and end without the libraries' last rites.

    DuckDB and Arrow started threads of their own in the nursery, which no fork has; their static
    destructors would wait for them. Everything Python owes at an exit is done before.
    """
    sys.argv = ["quancheng", *arguments]
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NAME, f"qc {' '.join(arguments[:2])}"[:15].encode(), 0, 0, 0)
    from quancheng.cli import main as quancheng

    code = 0
    try:
        quancheng(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _import_everything() -> None:
    from quancheng.cli import start_django

    start_django()
    from django.db import connections

    import quancheng.urls  # noqa: F401 - pages and interfaces of all modules

    connections.close_all()
    collector.look_rarely(keep=True)  # nor are shared pages written by looking


def _wait_for_birth(line: socket.socket, supervisor: int) -> list[str] | None:
    """Returns in each child with its arguments; in the nursery with None at the end."""
    while True:
        data, descriptors, _flags, _address = socket.recv_fds(line, SIZE, 1)
        if not data or not descriptors:
            return None
        middle = os.fork()
        if middle == 0:
            return _be_born(line, descriptors[0], supervisor, json.loads(data))
        os.close(descriptors[0])
        os.waitpid(middle, 0)


def _be_born(line: socket.socket, output: int, supervisor: int, arguments: list[str]) -> list[str]:
    """Fork once more, so that the supervisor adopts the grandchild; returns in the grandchild."""
    if os.fork():
        os._exit(0)
    os.setsid()
    until = time.monotonic() + ADOPTION_SECONDS
    while os.getppid() != supervisor and time.monotonic() < until:
        time.sleep(0.001)
    die_with_parent(supervisor)
    line.send(str(os.getpid()).encode())  # only now may the supervisor wait for it
    line.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target in (1, 2):
        os.dup2(output, target)
    os.close(output)
    return arguments


if __name__ == "__main__":
    main()
