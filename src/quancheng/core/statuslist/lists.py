"""The list itself."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["MOST_BYTES", "StatusFault", "StatusList"]

MOST_BYTES = 16 * 1024 * 1024
"""Largest list after decompression; a bomb stops here."""
_BITS = (1, 2, 4, 8)


class StatusFault(Exception):
    """A list that is none, or an index outside of it (状态列表不成立)."""


@dataclass(frozen=True, slots=True)
class StatusList:
    """Statuses by index: 0 valid, 1 invalid, 2 suspended (section 7.1 of the draft)."""

    bits: int
    data: bytes

    def __post_init__(self) -> None:
        if self.bits not in _BITS:
            raise StatusFault(f"{self.bits} bits a status; 1, 2, 4 or 8")

    @classmethod
    def of(cls, bits: int, size: int, statuses: Mapping[int, int]) -> StatusList:
        """A list of ``size`` places with these statuses, the rest 0. Raises StatusFault."""
        if bits not in _BITS or size < 0:
            raise StatusFault("bits or size")
        each = 8 // bits
        data = bytearray(-(-size // each))
        for index, status in statuses.items():
            if not 0 <= index < size or not 0 <= status < 1 << bits:
                raise StatusFault(f"status {status} at {index}")
            data[index // each] |= status << index % each * bits
        return cls(bits, bytes(data))

    def __len__(self) -> int:
        return len(self.data) * (8 // self.bits)

    def __getitem__(self, index: int) -> int:
        """The status at an index. Raises StatusFault."""
        if not 0 <= index < len(self):
            raise StatusFault(f"no index {index} in a list of {len(self)}")
        each = 8 // self.bits
        return self.data[index // each] >> index % each * self.bits & (1 << self.bits) - 1

    def to_json(self) -> dict[str, object]:
        """The ``status_list`` of a token (section 4.2)."""
        return {"bits": self.bits, "lst": base64.urlsafe_b64encode(self.compressed()).rstrip(b"=").decode()}

    def compressed(self) -> bytes:
        """zlib of the bytes (section 4.1)."""
        return zlib.compress(self.data, 9)

    @classmethod
    def from_json(cls, value: object) -> StatusList:
        """From ``status_list``. Raises StatusFault."""
        if not isinstance(value, Mapping) or type(value.get("bits")) is not int:
            raise StatusFault("not a status list")
        text = value.get("lst")
        if not isinstance(text, str) or "=" in text:
            raise StatusFault("lst is base64url without padding")
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise StatusFault("lst is not base64url") from None
        return cls(value["bits"], inflate(packed))


def inflate(packed: bytes) -> bytes:
    """zlib with a limit. Raises StatusFault."""
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, MOST_BYTES)
    except zlib.error as wrong:
        raise StatusFault(str(wrong)) from None
    if not stream.eof or stream.unused_data:
        raise StatusFault("cut off, too large, or with bytes behind")
    return data
