"""Runs a city of stand-ins in a process of its own: ``driver.py HOME PORT ROLE…``."""

from __future__ import annotations

import sys
from pathlib import Path

from django.conf import settings

from quancheng.kernel.supervisor import run

STAND_IN = str(Path(__file__).with_name("stand_in.py"))


def stand_ins(home: str, port: str, roles: list[str]) -> dict[str, list[str]]:
    return {role: [sys.executable, STAND_IN, role, home, port] for role in roles}


if __name__ == "__main__":
    home, port, *roles = sys.argv[1:]
    settings.configure(HOME=home, MODULES=[])
    run.commands = lambda *_: stand_ins(home, port, roles)  # type: ignore[assignment]
    sys.exit(run.run_city(host="127.0.0.1", port=int(port)))
