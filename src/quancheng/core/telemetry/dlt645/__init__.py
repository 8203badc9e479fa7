"""DL/T 645-2007 and DL/T 645-1997 多功能电能表通信协议: electricity meters.

Frame: any number of ``FE``, ``68``, six BCD bytes of address (lowest first), ``68``, control,
length, data (each byte with 33H added), sum, ``16``. Clauses cited are of the 2007 edition: frame
§5.2, control codes §5.2.4, data identifiers 附录A, error word 附录C (as public implementations
quote them; the text itself was not at hand).
"""

from __future__ import annotations

from .frame import ERRORS, Edition, Frame, Function, decode, encode, read_request, split
from .items import Item, Shape, item, item_1997, join, readings

__all__ = [
    "ERRORS",
    "Edition",
    "Frame",
    "Function",
    "Item",
    "Shape",
    "decode",
    "encode",
    "item",
    "item_1997",
    "join",
    "read_request",
    "readings",
    "split",
]
