"""Operating limits and addresses of the signalling, read in one place from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from quancheng.core.gb28181 import ids
from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

__all__ = ["Config", "control_path", "ledger_path", "load", "snapshot_path"]

_DEFAULT_CODE = "37010000002000000001"


@dataclass(frozen=True, slots=True)
class Config:
    """Where the signalling listens, who it is, and how much it takes on."""

    code: str = _DEFAULT_CODE
    host: str = "127.0.0.1"
    port: int = 5060
    public_host: str = "127.0.0.1"
    """The address devices and platforms are told to answer to."""
    media_url: str = ""
    media_secret: str = field(default="", repr=False)
    media_host: str = "127.0.0.1"
    """The address devices are told to send media to."""
    realm: str = ""
    nonce_seconds: float = 60.0
    register_seconds: int = 3600
    snapshot_seconds: float = 10.0
    scan_seconds: float = 1.0
    reload_seconds: float = 5.0
    answer_seconds: float = 10.0
    """How long a query may wait for a device's answer."""
    flush_seconds: float = 1.0
    commands_waiting: int = 20
    """Alarms, catalogue changes and questions of one peer that may be worked on at once; more get a 503."""
    lines: int = 4000
    """TCP connections at once."""
    idle_seconds: float = 300.0
    resync_seconds: float = 600.0
    """How often a subscriber's knowledge is compared with the whole catalogue, and not with what changed alone."""
    pending: int = 50_000
    """Status changes that may wait for the database; the newest of each peer is kept."""

    @property
    def domain(self) -> str:
        """SIP 服务器域: the first ten digits of the code."""
        return self.realm or self.code[:10]


def _home() -> Path:
    from django.conf import settings

    return Path(settings.HOME) / "video"


def control_path() -> Path:
    """The Unix socket through which web processes speak to the signalling."""
    return Path(os.environ.get("QUANCHENG_VIDEO_CONTROL") or _home() / "control.sock")


def ledger_path() -> Path:
    """The streams that run, for the next start."""
    return _home() / "streams.json"


def snapshot_path() -> Path:
    """Who was there, for the next start."""
    return _home() / "presence.npz"


def load() -> Config:
    """The configuration of this process; raises InvalidInput for a code or port that is none."""
    get = os.environ.get
    code = get("QUANCHENG_VIDEO_CODE", _DEFAULT_CODE)
    if not ids.is_code(code):
        raise InvalidInput(
            Text(
                "QUANCHENG_VIDEO_CODE 应为20位数字编码。", "QUANCHENG_VIDEO_CODE must be a code of 20 digits."
            )
        )
    port = get("QUANCHENG_VIDEO_PORT", "5060")
    if not port.isdigit() or int(port) > 65535:
        raise InvalidInput(Text("QUANCHENG_VIDEO_PORT 无效。", "QUANCHENG_VIDEO_PORT is not a port."))
    host = get("QUANCHENG_VIDEO_HOST", "127.0.0.1")
    public = get("QUANCHENG_VIDEO_PUBLIC_HOST", host)
    return Config(
        code=code, host=host, port=int(port), public_host=public, media_url=get("QUANCHENG_VIDEO_MEDIA_URL", ""),
        media_secret=get("QUANCHENG_VIDEO_MEDIA_SECRET", ""), media_host=get("QUANCHENG_VIDEO_MEDIA_HOST", public),
        realm=get("QUANCHENG_VIDEO_REALM", ""),
    )  # fmt: skip
