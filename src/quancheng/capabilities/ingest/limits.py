"""运行限额: every operating limit of the gateways, read from the environment in this one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from quancheng.core.text import Text
from quancheng.kernel.errors import InvalidInput

PREFIX = "QUANCHENG_INGEST_"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one gateway process takes on. ``QUANCHENG_INGEST_<NAME>`` sets each of them."""

    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtts_port: int = 0
    """TLS listener; 0 = none."""
    tls_certificate: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    """Certificates of devices must be signed by these; empty = secrets only."""
    front_url: str = ""
    """An outside broker to read from: ``mqtt://user:word@host:port/topic/filter``; empty = none."""
    connections: int = 120_000
    connect_seconds: float = 10.0
    """From the first byte to a whole CONNECT (and through the TLS handshake)."""
    keep_alive_seconds: int = 3600
    """The longest keep-alive; in MQTT 5 the server's word, in 3.1.1 a line silent that long is cut."""
    packet_bytes: int = 256 * 1024
    half_packet_seconds: float = 30.0
    """A started packet not finished by then is given up (slow senders)."""
    receive_maximum: int = 200
    """QoS 1 messages of one line that may wait for their commit."""
    session_seconds: int = 7 * 24 * 3600
    session_messages: int = 100
    """Messages kept for a session nobody is connected to."""
    write_bytes: int = 256 * 1024
    """Unsent bytes to one line; one that does not read is cut beyond it."""
    queue_rows: int = 100_000
    """Readings waiting for their commit; above it no line is read."""
    group_rows: int = 20_000
    """Readings of one commit at most."""
    gather_seconds: float = 0.008
    """From the beginning of one commit to that of the next at least, so that few readings share the costs of
    each only when few come: an idle gateway commits at once, a busy one this often."""
    remembered_streams: int = 2_000_000
    remembered_devices: int = 300_000
    rate: float = 50.0
    """Readings a second of a device that has no rate of its own; bursts of ``burst_seconds`` pass."""
    burst_seconds: float = 60.0
    failures_per_minute: int = 30
    """Wrong credentials from one address before it must wait."""
    http_bytes: int = 2 * 1024 * 1024
    """A request with readings in bulk."""
    push_word: str = field(default="", repr=False)
    """The secret part of the address carriers' platforms push to; empty = no such address."""
    push_token: str = field(default="", repr=False)
    """OneNET's token: its pushes must carry the signature made with it."""
    letters_per_flush: int = 20
    """Dead letters of one device written at a time; more are counted."""
    presence_seconds: float = 10.0
    """A device gone for less is not told as silent."""
    poll_seconds: float = 0.5
    status_seconds: float = 5.0


def limits(environment: Mapping[str, str] | None = None) -> Limits:
    """The limits of this process. Raises InvalidInput for a value that is no number."""
    given = os.environ if environment is None else environment
    found: dict[str, object] = {}
    for one in fields(Limits):
        text = given.get(PREFIX + one.name.upper())
        if text is None:
            continue
        kind = {"str": str, "int": int, "float": float}[str(one.type)]
        try:
            found[one.name] = kind(text)
        except ValueError:
            name = PREFIX + one.name.upper()
            raise InvalidInput(
                Text(f"环境变量 {name} 的值不可用：{text[:40]}", f"{name} is unusable: {text[:40]}")
            ) from None
    return Limits(**found)  # type: ignore[arg-type]


def home() -> Path:
    """Where the gateway keeps its small files."""
    from django.conf import settings

    folder = Path(settings.HOME) / "ingest"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
