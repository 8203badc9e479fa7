"""JT/T 808 的值: the frame with its header, positions, and the bodies read here."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Authentication", "Frame", "Location", "Packet", "Registration"]


@dataclass(frozen=True, slots=True)
class Packet:
    """消息包封装项: total and number, counted from one."""

    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Frame:
    """消息 (§4.4). ``phone``: the digits sent, 12 (2013) or 20 (2019, which ``version`` ≥ 1 says)."""

    message: int
    phone: str
    serial: int
    body: bytes = b""
    version: int | None = None
    packet: Packet | None = None

    @property
    def terminal(self) -> str:
        """The phone number without leading zeros: what the terminal is registered as."""
        return self.phone.lstrip("0") or "0"


@dataclass(frozen=True, slots=True)
class Registration:
    """终端注册 (0100)."""

    province: int
    city: int
    maker: str
    model: str
    terminal: str
    colour: int
    plate: str


@dataclass(frozen=True, slots=True)
class Authentication:
    """终端鉴权 (0102): the code given at registration; 2019 adds IMEI and software version."""

    token: str
    imei: str = ""
    software: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """位置信息 (0200): degrees (WGS 84 or GCJ-02 as the terminal does), metres, km/h, degrees from north, µs UTC.

    ``extras``: additional items as sent, number and bytes.
    """

    alarm: int
    status: int
    latitude: float
    longitude: float
    altitude: int
    speed: float
    direction: int
    at: int
    extras: tuple[tuple[int, bytes], ...] = ()
