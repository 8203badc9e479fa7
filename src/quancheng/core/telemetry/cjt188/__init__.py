"""CJ/T 188-2004 / 2018 户用计量仪表数据传输技术条件: water, heat and gas meters.

Frame: any number of ``FE``, ``68``, meter type, seven BCD bytes of address (lowest first), control,
length, data, sum, ``16``. The standard's own text was not at hand: layouts follow public worked
examples of it (named in the tests) and public implementations. Data identifiers are read in both
orders of bytes, since makers of the 2004 edition differ.
"""

from __future__ import annotations

from .frame import Control, Frame, decode, encode, read_request, split
from .items import ITEMS, METERS, UNITS, Item, meter_kind, readings

__all__ = [
    "ITEMS",
    "METERS",
    "UNITS",
    "Control",
    "Frame",
    "Item",
    "decode",
    "encode",
    "meter_kind",
    "read_request",
    "readings",
    "split",
]
