"""Runs a command that dies with its parent: ``python -m quancheng.kernel.supervisor.child …``.

The parent-death signal is set here and survives ``exec``, so even a supervisor that is killed
with SIGKILL leaves nothing behind. Elsewhere than on Linux the command simply runs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PARENT = "QUANCHENG_SUPERVISOR_PID"


def die_with_parent(expected_parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent ends; exit if it has ended already."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != expected_parent:
            raise SystemExit(1)


def main(arguments: list[str]) -> None:
    """Become the command, tied to the supervisor's life."""
    die_with_parent(int(os.environ[PARENT]))
    os.execvp(arguments[0], arguments)  # noqa: S606 - the supervisor's own command


if __name__ == "__main__":
    main(sys.argv[1:])
