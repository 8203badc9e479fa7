"""设备编码 The 20 decimal digits that name everything on the network (GB/T 28181-2016 and -2022, annex E).

``370102 00 00 131 0 000001``: eight digits of the centre (administrative code and grass-roots unit),
two of the trade, three of the type, one of the network, six of the serial number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from .errors import BadMessage, Reason

__all__ = ["Code", "Role", "is_code", "make", "parse", "role_of"]

_LENGTH = 20
_SERIALS = 1_000_000


class Role(Enum):
    """类型 What a code names, by its type digits 11 to 13 (annex E, table E.1)."""

    DVR = "dvr"
    SERVER = "server"
    ENCODER = "encoder"
    NVR = "nvr"
    CAMERA = "camera"
    ALARM = "alarm"
    PLATFORM = "platform"
    GROUP = "group"
    VIRTUAL = "virtual-organisation"
    USER = "user"
    OTHER = "other"


_ROLES = {
    111: Role.DVR, 112: Role.SERVER, 113: Role.ENCODER, 118: Role.NVR,
    131: Role.CAMERA, 132: Role.CAMERA, 134: Role.ALARM, 200: Role.PLATFORM,
    215: Role.GROUP, 216: Role.VIRTUAL,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Code:
    """编码 A parsed code; ``text`` is the whole of it."""

    text: str
    centre: str
    """中心编码: six digits of the administrative division and two of the unit below it."""
    trade: int
    type: int
    network: int
    serial: int

    @property
    def region(self) -> str:
        """行政区划代码 of the centre."""
        return self.centre[:6]

    @property
    def role(self) -> Role:
        """What the type digits say."""
        return _role(self.type)


def is_code(text: str) -> bool:
    """Whether ``text`` has the shape of a code; ASCII digits only."""
    return len(text) == _LENGTH and text.isascii() and text.isdigit()


@lru_cache(maxsize=65536)
def parse(text: str) -> Code:
    """Read a code; raises BadMessage when it is not twenty ASCII digits."""
    if not is_code(text):
        raise BadMessage(Reason.ID, text)
    return Code(text, text[:8], int(text[8:10]), int(text[10:13]), int(text[13]), int(text[14:]))


def make(centre: str, *, type: int, serial: int, trade: int = 0, network: int = 0) -> str:
    """Write a code from its parts; raises BadMessage when a part does not fit."""
    fits = 0 <= trade <= 99 and 0 <= type <= 999 and 0 <= network <= 9 and 0 <= serial < _SERIALS
    text = f"{centre}{trade:02d}{type:03d}{network}{serial:06d}"
    if not fits or not is_code(text):
        raise BadMessage(Reason.ID, text)
    return text


def role_of(text: str) -> Role:
    """The role of a code, OTHER for anything that is none."""
    return parse(text).role if is_code(text) else Role.OTHER


def _role(number: int) -> Role:
    if 300 <= number <= 499:
        return Role.USER
    return _ROLES.get(number, Role.OTHER)
