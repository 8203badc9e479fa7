"""Run pytest with the default database on a throw-away PostgreSQL cluster.

Usage: ``python -m quancheng.testing.run_on_postgres [pytest arguments]``.
"""

from __future__ import annotations

import os
import subprocess
import sys

from quancheng.testing.postgres import Postgres


def main() -> int:
    """Exit code of pytest."""
    with Postgres() as server:
        environment = {**os.environ, "QUANCHENG_DATABASE_URL": server.url}
        command = [sys.executable, "-m", "pytest", "-p", "quancheng.testing.only_database"]
        command += ["-n", "2", "--dist", "loadgroup", *sys.argv[1:]]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
