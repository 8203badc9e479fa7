"""Free ports on the loopback interface."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A TCP port nobody listens on right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


LISTENERS = (
    "QUANCHENG_SL651_PORT",
    "QUANCHENG_INGEST_MQTT_PORT",
    "QUANCHENG_VIDEO_PORT",
    "QUANCHENG_FIELD_HJ212_PORT",
    "QUANCHENG_FIELD_GB26875_PORT",
    "QUANCHENG_FIELD_JT808_PORT",
)
"""Settings of every port a city listens on besides its web address."""


def listening() -> dict[str, str]:
    """A free port for every listener, so that cities of several tests run beside each other."""
    return {name: str(free_port()) for name in LISTENERS}
