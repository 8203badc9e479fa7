"""HJ 212 通讯包的值: header fields and the items of the data region, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from .tables import Version

__all__ = ["Frame", "Groups", "Item"]

Item = tuple[str, str]
"""项: what stands on the two sides of ``=`` in the data region."""
Groups = tuple[tuple[Item, ...], ...]
"""数据区: groups between ``;``, items of one factor between ``,`` (§6.3.4)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """通讯包 (HJ 212-2017 表2、表3). Times are text as sent; see :func:`..readings.readings`.

    ``answer`` and ``version`` are bits of Flag; ``packets`` is (PNUM, PNO) where Flag says so;
    ``late`` is the RF=1 of 2025 (补传). ``flagged`` is whether there is a Flag at all (2005: no).
    ``others`` are header fields of a maker's own, kept and written back.
    """

    st: str
    cn: str
    pw: str
    mn: str
    groups: Groups = ()
    qn: str = ""
    version: Version = Version.HJ_2017
    answer: bool = False
    packets: tuple[int, int] | None = None
    late: bool = False
    flagged: bool = True
    others: tuple[Item, ...] = ()

    @property
    def flag(self) -> int:
        """Flag as the number sent: V5–V0, D (has packet numbers), A (wants an answer)."""
        return self.version << 2 | (self.packets is not None) << 1 | self.answer

    def value(self, key: str) -> str | None:
        """The first item of the data region with that key."""
        return next((value for group in self.groups for name, value in group if name == key), None)
