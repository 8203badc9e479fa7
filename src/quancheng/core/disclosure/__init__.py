"""披露风险: whether rows may be shown to everybody, judged from their columns and from group sizes alone.

The measure of group sizes is the one commonly called k-anonymity: every combination of the quasi-identifiers
(准标识符) must be shared by at least k rows. How many k is, and which level may be shown, are the caller's dated
parameters. It is a floor, no proof: attributes that all rows of a group share are still told (l-diversity is
not judged).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quancheng.core.text import Text

__all__ = ["Column", "Finding", "Groups", "judge"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that would be shown (列)."""

    name: str
    level: int = 1
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Groups:
    """How often sizes of groups occur (组的大小分布): ``{3: 2}`` is two groups of three rows."""

    sizes: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, sizes: Mapping[int, int]) -> Groups:
        """From a table of size → how many groups; raises ValueError for a size or count below one."""
        if any(size < 1 or count < 1 for size, count in sizes.items()):
            raise ValueError("sizes and counts of groups are at least one")
        return cls(tuple(sorted(sizes.items())))

    @property
    def smallest(self) -> int | None:
        """Rows of the smallest group: the k that holds. None without rows."""
        return self.sizes[0][0] if self.sizes else None

    def rows_below(self, k: int) -> int:
        """Rows in groups smaller than k."""
        return sum(size * count for size, count in self.sizes if size < k)

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(size * count for size, count in self.sizes)


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason not to show it (发现). ``field`` is the column, or "quasi" for the rows together."""

    field: str
    text: Text


def judge(
    columns: Iterable[Column], quasi: Iterable[str], groups: Groups, *, k: int, level: int
) -> tuple[Finding, ...]:
    """What stands against showing the columns; nothing = they may be shown.

    Personal columns never may, nor those above ``level``; with quasi-identifiers each group needs ``k`` rows.
    """
    found = []
    for one in columns:
        if one.personal:
            found.append(Finding(one.name, Text("个人信息列不能开放", "a personal column cannot be opened")))
        elif one.level > level:
            found.append(
                Finding(
                    one.name,
                    Text(
                        f"数据级别 {one.level} 高于可开放的 {level} 级", f"level {one.level} is above {level}"
                    ),
                )
            )
    below = groups.rows_below(k) if tuple(quasi) else 0
    if below:
        zh = f"{below} 行所在的组不足 {k} 行（最小的组 {groups.smallest} 行），可能认出个体"
        en = f"{below} rows are in groups of fewer than {k} (the smallest has {groups.smallest})"
        found.append(Finding("quasi", Text(zh, en)))
    return tuple(found)
