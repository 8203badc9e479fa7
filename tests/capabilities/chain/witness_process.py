"""Run in a process of its own: a city's witness, which may be killed at its commit.

It reads ``{"text": …, "die": ""}`` a line and answers ``{"status": …, "body": …}``; with ``die`` "before" or
"after" SIGKILL comes just before or just after the database has the commit, and nobody gets an answer.
"""

from __future__ import annotations

import json
import os
import signal
import sys


def deadly(*, after: bool) -> None:
    from django.db import connection

    commit = connection._commit

    def killed() -> None:
        if after:
            commit()
        os.kill(os.getpid(), signal.SIGKILL)

    connection._commit = killed  # type: ignore[method-assign]


def main() -> None:
    from quancheng.cli import start_django

    start_django()
    from quancheng.capabilities.chain import alliance

    for line in sys.stdin:
        order = json.loads(line)
        if order["die"] in {"before", "after"}:
            deadly(after=order["die"] == "after")
        told = alliance.answer(order["text"])
        print(json.dumps({"status": told.status, "body": told.body}), flush=True)


if __name__ == "__main__":
    main()
