"""Reference peers that are programs or servers of their own: MariaDB, SFTP, an object store."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
import pytest

from quancheng.testing.ports import free_port

SERVER_USER = "nobody"


@contextmanager
def mariadb(folder: Path) -> Iterator[int]:
    """A throw-away MariaDB on a port of the loopback; skips where it is not installed."""
    program = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
    install = shutil.which("mariadb-install-db")
    if not Path(program).exists() or not install:
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server")
    data, port = folder / "data", free_port()
    data.mkdir(parents=True)
    user = ["--user=root"]
    if os.geteuid() == 0:
        owner = pwd.getpwnam(SERVER_USER)
        for path in (folder, data):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        _opened(folder)
        user = [f"--user={SERVER_USER}"]
    common = ["--no-defaults", f"--datadir={data}"]
    subprocess.run(
        [install, *common, *user, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=90,
    )  # fmt: skip
    process = subprocess.Popen(
        [program, *common, *user, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s", "--skip-log-bin",
         f"--pid-file={folder}/pid", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _opened(folder: Path) -> None:
    """Let another user come to a folder of the test."""
    for path in (folder, *folder.parents):
        if path.owner() == "root" and path.is_relative_to("/tmp") and path != Path("/tmp"):
            path.chmod(path.stat().st_mode | 0o011)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("mariadbd ended at once")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("mariadbd")


@dataclass
class SftpPeer:
    port: int
    host_key: str
    folder: Path


class _Gate(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == ("civil", "geheim")
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    root = Path()

    def list_folder(self, path: str) -> Any:
        folder = self.root / path.lstrip("/")
        if not folder.is_dir():
            return paramiko.SFTP_NO_SUCH_FILE
        return [paramiko.SFTPAttributes.from_stat(one.stat(), one.name) for one in sorted(folder.iterdir())]

    def stat(self, path: str) -> Any:
        return paramiko.SFTPAttributes.from_stat((self.root / path.lstrip("/")).stat())

    def open(self, path: str, flags: int, attr: Any) -> Any:
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = (self.root / path.lstrip("/")).open("rb")  # type: ignore[attr-defined]
        return handle


@contextmanager
def sftp(folder: Path) -> Iterator[SftpPeer]:
    """An SFTP server over a folder; user civil, password geheim."""
    key = paramiko.ECDSAKey.generate()
    listening = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()
    lines: list[paramiko.Transport] = []
    files = type("Files", (_Files,), {"root": folder})

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            line = paramiko.Transport(connection)
            line.add_server_key(key)
            line.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
            try:
                line.start_server(server=_Gate())
            except (paramiko.SSHException, EOFError):
                continue
            lines.append(line)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield SftpPeer(listening.getsockname()[1], f"{key.get_name()} {key.get_base64()}", folder)
    finally:
        stopped.set()
        listening.close()
        for line in lines:
            line.close()


@contextmanager
def object_store() -> Iterator[str]:
    """A server that speaks S3; its address."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()
