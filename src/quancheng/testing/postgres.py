"""A throw-away PostgreSQL cluster on the loopback interface."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from quancheng.testing.ports import free_port

SERVER_USER = "nobody"


class PostgresMissing(RuntimeError):
    """No PostgreSQL server programs on this machine."""


def _bin(name: str) -> str:
    for folder in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True):
        if Path(folder, name).exists():
            return str(Path(folder, name))
    found = shutil.which(name)
    if found is None:
        raise PostgresMissing(f"{name} not found: apt-get install postgresql")
    return found


class Postgres:
    """Use as a context manager; ``url`` is a ``postgresql://`` address of a fresh cluster."""

    def __init__(self, *, fsync: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="quancheng-pg-"))
        self.port = free_port()
        self.fsync = fsync
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://quancheng@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Postgres:
        data = self.folder / "data"
        data.mkdir()
        if os.geteuid() == 0:
            owner = pwd.getpwnam(SERVER_USER)
            for path in (self.folder, data):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        self._call(
            _bin("initdb"),
            "-D",
            str(data),
            "-U",
            "quancheng",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )
        self.start()
        return self

    def start(self) -> None:
        """Start the server on the kept data and wait until it answers."""
        options = [
            "-c",
            f"fsync={'on' if self.fsync else 'off'}",
            "-c",
            "max_connections=60",
            "-c",
            "jit=off",
        ]
        if not self.fsync:
            options += ["-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
        self.process = subprocess.Popen(
            self._as_user(
                [
                    _bin("postgres"),
                    "-D",
                    str(self.folder / "data"),
                    "-p",
                    str(self.port),
                    "-c",
                    "listen_addresses=127.0.0.1",
                    "-c",
                    f"unix_socket_directories={self.folder}",
                    *options,
                ]
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        self._wait()

    def stop(self) -> None:
        """Stop the server by its own process id."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        import psycopg

        for _ in range(200):
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not start")

    def _as_user(self, command: list[str]) -> list[str]:
        if os.geteuid() != 0:
            return command
        return ["setpriv", f"--reuid={SERVER_USER}", "--regid=nogroup", "--clear-groups", *command]

    def _call(self, *command: str) -> None:
        subprocess.run(self._as_user(list(command)), check=True, stdout=subprocess.DEVNULL, cwd="/")
