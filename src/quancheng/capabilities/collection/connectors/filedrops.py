"""文件投递: a folder of ours, an SFTP server, an object store; each run takes one file.

Full feeds take the newest file that was not taken yet, incremental ones the oldest. A file is known by
name, size and time of change. Files that may still be growing are left for the next time.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from quancheng.capabilities.collection import config
from quancheng.capabilities.collection.connectors.base import Cursor, Delivered, Source, missing
from quancheng.capabilities.collection.connectors.net import Permits
from quancheng.capabilities.collection.rawfiles import chunks
from quancheng.core.text import Text
from quancheng.kernel import clock
from quancheng.kernel.errors import Forbidden, InvalidInput, PartnerFailed

SETTLED_SECONDS = 5.0
KEPT_MARKS = 500
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", "~")


@dataclass(frozen=True, slots=True, order=True)
class Dropped:
    """A file as its place lists it; ordered by time, then name."""

    changed: float
    name: str
    size: int

    @property
    def mark(self) -> str:
        """How it is known again."""
        return f"{self.name}|{self.size}|{int(self.changed)}"


def choose(
    files: Sequence[Dropped], pattern: str, cursor: Cursor, *, newest: bool, now: float
) -> tuple[Dropped | None, dict[str, Any]]:
    """The file to take, if any, and the cursor once it was taken (选取文件)."""
    taken = set(cursor.get("taken", ()))
    ready = sorted(
        one
        for one in files
        if fnmatch.fnmatchcase(one.name, pattern or "*")
        and not one.name.startswith(".")
        and not one.name.lower().endswith(_UNFINISHED)
        and one.changed <= now - SETTLED_SECONDS
    )
    left = [one for one in ready if one.mark not in taken]
    if not left or (newest and left[-1] != ready[-1]):
        return None, dict(cursor)
    chosen = left[-1] if newest else left[0]
    marks = [one.mark for one in left] if newest else [chosen.mark]  # older ones are overtaken by the newest
    return chosen, {"taken": [*cursor.get("taken", ()), *marks][-KEPT_MARKS:]}


def _newest(settings: Mapping[str, Any]) -> bool:
    return settings.get("take", "newest") != "oldest"


def _pattern_faults(settings: Mapping[str, Any]) -> dict[str, Text]:
    if "/" in str(settings.get("pattern", "")):
        return {"pattern": Text("文件名样式里不能有斜杠。", "A pattern of names has no slash.")}
    return {}


class Folder:
    """A folder below the inbox of this installation. settings: ``folder pattern take``."""

    secrets: tuple[str, ...] = ()

    def faults(self, settings: Mapping[str, Any]) -> dict[str, Text]:
        """As :class:`SourceKind`."""
        wrong = missing(settings, "folder") | _pattern_faults(settings)
        parts = PurePosixPath(str(settings.get("folder", "")))
        if "folder" not in wrong and (parts.is_absolute() or ".." in parts.parts):
            wrong["folder"] = Text("请填写收件目录下的子目录。", "Name a folder below the inbox.")
        return wrong

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Permits
    ) -> Iterator[Delivered | None]:
        """As :class:`SourceKind`."""
        root = config.inbox().resolve()
        folder = (root / str(settings["folder"])).resolve()
        if not folder.is_relative_to(root):
            raise Forbidden(Text("目录不在收件目录之下。", "The folder is not below the inbox."))
        if not folder.is_dir():
            raise PartnerFailed(
                Text(f"没有目录 {settings['folder']}。", f"There is no folder {settings['folder']}."),
                todo=Text("请在收件目录下建立该目录。", "Make the folder below the inbox."),
            )
        files = [
            Dropped(facts.st_mtime, entry.name, facts.st_size)
            for entry in os.scandir(folder)
            if stat.S_ISREG((facts := entry.stat(follow_symlinks=False)).st_mode)
        ]
        chosen, after = choose(
            files,
            str(settings.get("pattern", "")),
            cursor,
            newest=_newest(settings),
            now=clock.now().timestamp(),
        )
        if chosen is None:
            yield None
            return
        with _unlinked(folder / chosen.name) as file:
            yield Delivered(
                chosen.name, chunks(file), Source("file", f"inbox/{settings['folder']}"), lambda: after
            )


@contextmanager
def _unlinked(path: Path) -> Iterator[BinaryIO]:
    """A file opened only if it is one: a link put there since the listing is not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        yield file


class Sftp:
    """An SFTP server whose host key is pinned. settings: ``host port user path pattern host_key take``."""

    secrets = ("password", "private_key")

    def faults(self, settings: Mapping[str, Any]) -> dict[str, Text]:
        """As :class:`SourceKind`."""
        wrong = missing(settings, "host", "user", "path", "host_key") | _pattern_faults(settings)
        if "host_key" not in wrong and len(str(settings["host_key"]).split()) < 2:
            wrong["host_key"] = Text(
                "请粘贴主机公钥，如“ssh-ed25519 AAAA…”。",
                "Paste the host's public key, such as “ssh-ed25519 AAAA…”.",
            )
        return wrong

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Permits
    ) -> Iterator[Delivered | None]:
        """As :class:`SourceKind`."""
        import paramiko

        host, port = str(settings["host"]), int(settings.get("port") or 22)
        path = str(settings["path"]).rstrip("/") or "/"
        try:
            with _transport(permits.address(host, port), port, settings, secrets) as line:
                client = paramiko.SFTPClient.from_transport(line)
                if client is None:
                    raise PartnerFailed()
                client.get_channel().settimeout(60)  # type: ignore[union-attr]
                files = [
                    Dropped(float(one.st_mtime or 0), one.filename, int(one.st_size or 0))
                    for one in client.listdir_attr(path)
                    if stat.S_ISREG(one.st_mode or 0)
                ]
                chosen, after = choose(
                    files, str(settings.get("pattern", "")), cursor, newest=_newest(settings),
                    now=clock.now().timestamp(),
                )  # fmt: skip
                if chosen is None:
                    yield None
                    return
                with client.open(f"{path}/{chosen.name}", "rb") as file:
                    file.prefetch(chosen.size)
                    source = Source(f"sftp://{host}:{port}", f"{path}/{chosen.name}".lstrip("/"))
                    yield Delivered(chosen.name, chunks(file), source, lambda: after)  # type: ignore[arg-type]
        except (paramiko.SSHException, OSError) as error:
            raise PartnerFailed(
                Text(f"SFTP 失败：{str(error)[:150]}", f"SFTP failed: {str(error)[:150]}")
            ) from error


@contextmanager
def _transport(
    address: str, port: int, settings: Mapping[str, Any], secrets: Mapping[str, str]
) -> Iterator[Any]:
    """A signed-in line to a server that proved to be the pinned one."""
    import base64
    import binascii
    import io
    import socket

    import paramiko

    words = str(settings["host_key"]).split()
    try:
        pinned = paramiko.PKey.from_type_string(words[0], base64.b64decode(words[1]))
        key = (
            paramiko.Ed25519Key.from_private_key(io.StringIO(secrets["private_key"]))
            if secrets.get("private_key")
            else None
        )
    except (paramiko.SSHException, binascii.Error, ValueError, IndexError) as error:
        raise InvalidInput(
            fields={
                "host_key": Text(
                    "主机公钥或私钥无法识别。", "The host key or the private key cannot be read."
                )
            }
        ) from error
    line = paramiko.Transport(socket.create_connection((address, port), 20))
    try:
        line.banner_timeout = 20
        line.connect(
            hostkey=pinned, username=str(settings["user"]), password=secrets.get("password") or None, pkey=key
        )
        yield line
    finally:
        line.close()


class S3:
    """An object store that speaks S3. settings: ``endpoint bucket prefix pattern region access_key take``."""

    secrets = ("secret_key",)

    def faults(self, settings: Mapping[str, Any]) -> dict[str, Text]:
        """As :class:`SourceKind`."""
        wrong = missing(settings, "endpoint", "bucket", "access_key") | _pattern_faults(settings)
        parts = urlsplit(str(settings.get("endpoint", "")))
        if "endpoint" not in wrong and (parts.scheme not in ("http", "https") or not parts.hostname):
            wrong["endpoint"] = Text("请填写 http 或 https 地址。", "An http or https address.")
        return wrong

    @contextmanager
    def open(
        self, settings: Mapping[str, Any], secrets: Mapping[str, str], cursor: Cursor, permits: Permits
    ) -> Iterator[Delivered | None]:
        """As :class:`SourceKind`."""
        from pyarrow import fs

        parts = urlsplit(str(settings["endpoint"]))
        port = parts.port or (443 if parts.scheme == "https" else 80)
        permits.address(parts.hostname or "", port)
        bucket, prefix = str(settings["bucket"]), str(settings.get("prefix") or "").strip("/")
        place = f"{bucket}/{prefix}" if prefix else bucket
        try:
            store = fs.S3FileSystem(
                endpoint_override=parts.netloc, scheme=parts.scheme, access_key=str(settings["access_key"]),
                secret_key=secrets.get("secret_key", ""), region=str(settings.get("region") or "us-east-1"),
                connect_timeout=15, request_timeout=60,
            )  # fmt: skip
            listed = store.get_file_info(fs.FileSelector(place, allow_not_found=False))
            files = [
                Dropped(one.mtime.timestamp() if one.mtime else 0.0, one.base_name, int(one.size or 0))
                for one in listed
                if one.type is fs.FileType.File
            ]
            chosen, after = choose(
                files, str(settings.get("pattern", "")), cursor, newest=_newest(settings),
                now=clock.now().timestamp(),
            )  # fmt: skip
            if chosen is None:
                yield None
                return
            with store.open_input_stream(f"{place}/{chosen.name}") as file:
                source = Source(f"s3://{bucket}", f"{prefix}/{chosen.name}".lstrip("/"))
                yield Delivered(chosen.name, chunks(file), source, lambda: after)
        except OSError as error:
            raise PartnerFailed(
                Text(f"对象存储报错：{str(error)[:150]}", f"The object store says: {str(error)[:150]}")
            ) from error
