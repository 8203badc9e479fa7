"""Cayenne LPP (Low Power Payload): what LoRaWAN sensors send in a few bytes.

A payload is channel, type, value, again and again; numbers have the highest byte first. Sources:
myDevices, *Cayenne LPP* (types 0–136, LPP type = IPSO object − 3200) and the extension of the
CayenneLPP library of Electronic Cats (100, 116–133, 135, 142, 240). There is no checksum: the LoRaWAN
frame around it has one.
"""

from __future__ import annotations

from .codec import Sample, decode, encode, readings
from .types import TYPES, Field, Kind

__all__ = ["TYPES", "Field", "Kind", "Sample", "decode", "encode", "readings"]
