"""聚类: records that are the same, from pairs; with a guard against chains.

Components of the accepted pairs (union–find). A chain A–B–C–… where the ends have nothing in common is
how a wrong pair swallows a whole street. So a component that is too big, too thin (few of its possible
pairs were accepted) or holds a pair that a person called different is cut at the weakest pair of its
maximum spanning tree, again and again, and each cut is reported. What a person called the same is never
cut.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from quancheng.core.linkage.errors import LinkageError, LinkageReason, bad_setting
from quancheng.core.text import Text

__all__ = ["Clusters", "Cut", "CutReason", "Edge", "Guard", "UnionFind", "cluster"]

T = TypeVar("T", bound=Hashable)


class UnionFind(Generic[T]):
    """Disjoint sets (并查集): path halving, union by size (Tarjan 1975)."""

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._parent: dict[T, T] = {item: item for item in items}
        self._size: dict[T, int] = dict.fromkeys(self._parent, 1)

    def find(self, item: T) -> T:
        """The representative; a new item is its own."""
        parent = self._parent
        if item not in parent:
            parent[item] = item
            self._size[item] = 1
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def union(self, first: T, second: T) -> bool:
        """Join two sets; ``False`` if they were one already."""
        a, b = self.find(first), self.find(second)
        if a == b:
            return False
        if self._size[a] < self._size[b]:
            a, b = b, a
        self._parent[b] = a
        self._size[a] += self._size[b]
        return True

    def groups(self) -> list[list[T]]:
        """All sets, items in the order in which they came."""
        found: dict[T, list[T]] = {}
        for item in self._parent:
            found.setdefault(self.find(item), []).append(item)
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Edge:
    """An accepted pair of records and its weight in bits (边)."""

    left: str
    right: str
    bits: float


@dataclass(frozen=True, slots=True)
class Guard:
    """When a component is suspect (链式合并防护).

    ``most``: records one cluster may have. ``density``: least share of its possible pairs that were
    accepted, 0 to 1, asked of components of more than two.
    """

    most: int
    density: float = 0.0

    def __post_init__(self) -> None:
        if self.most < 2 or not 0 <= self.density <= 1:
            raise bad_setting(
                "guard",
                "每簇上限至少为2，密度应在0到1之间。",
                "A cluster holds at least 2 and density is between 0 and 1.",
            )


class CutReason(StrEnum):
    """Why a component was cut (拆分原因)."""

    FORBIDDEN = "FORBIDDEN"
    TOO_BIG = "TOO_BIG"
    TOO_THIN = "TOO_THIN"

    @property
    def text(self) -> Text:
        """Label."""
        return {
            CutReason.FORBIDDEN: Text(
                "含有人工判定不同的一对", "holds a pair that a person called different"
            ),
            CutReason.TOO_BIG: Text("成员过多", "has too many members"),
            CutReason.TOO_THIN: Text("成员之间的关联过于稀疏", "too few of its pairs agree"),
        }[self]


@dataclass(frozen=True, slots=True)
class Cut:
    """A pair that was accepted and yet not followed (被拆开的一对), and why."""

    edge: Edge
    reason: CutReason
    size: int


@dataclass(frozen=True, slots=True)
class Clusters:
    """Result (聚类结果): members of each cluster sorted, clusters by first member; cuts for review."""

    groups: tuple[tuple[str, ...], ...]
    cuts: tuple[Cut, ...]


@dataclass(slots=True)
class _Work:
    guard: Guard
    apart: Mapping[str, set[str]]
    done: list[tuple[str, ...]] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)


def cluster(
    records: Iterable[str],
    edges: Iterable[Edge],
    guard: Guard,
    *,
    same: Iterable[tuple[str, str]] = (),
    different: Iterable[tuple[str, str]] = (),
) -> Clusters:
    """Cluster records (去重聚类). ``same`` and ``different``: decisions of people, binding.

    Raises ``LinkageError`` (CONTRADICTION) if people called two records different that other decisions
    of people join.
    """
    glued = frozenset(frozenset(pair) for pair in same if pair[0] != pair[1])
    forbidden = frozenset(frozenset(pair) for pair in different if pair[0] != pair[1])
    check_consistent(glued, forbidden)
    apart: dict[str, set[str]] = {}
    for first, second in map(sorted, forbidden):
        apart.setdefault(first, set()).add(second)
    work = _Work(guard, apart)
    usable = [edge for edge in edges if frozenset((edge.left, edge.right)) not in forbidden | glued]
    usable += [Edge(first, second, float("inf")) for first, second in map(sorted, glued)]
    usable = [edge for edge in usable if edge.left != edge.right]
    pending = _components(sorted(set(records)), usable)
    while pending:
        members, inside = pending.pop()
        reason = _suspect(members, inside, work)
        tree = _tree(members, inside) if reason else []
        weakest = _weakest(members, tree, reason, work) if reason else None
        if reason is None or weakest is None:
            work.done.append(tuple(members))
            continue
        work.cuts.append(Cut(weakest, reason, len(members)))
        pending += _split(members, inside, tree, weakest)
    return Clusters(tuple(sorted(work.done)), tuple(work.cuts))


def check_consistent(glued: frozenset[frozenset[str]], forbidden: frozenset[frozenset[str]]) -> None:
    """Raise if records joined by decisions were also called different."""
    joined: UnionFind[str] = UnionFind()
    for pair in glued:
        first, second = sorted(pair)
        joined.union(first, second)
    for pair in sorted(forbidden, key=sorted):
        ends = sorted(pair)
        if joined.find(ends[0]) == joined.find(ends[-1]):
            raise LinkageError(
                LinkageReason.CONTRADICTION,
                " / ".join(ends),
                Text(
                    "人工判定相互矛盾：这两条记录被判为不同，又经其他判定连为同一对象。请重新核对。",
                    "Decisions contradict: these two were called different, and others join them. Review again.",
                ),
            )


def _components(members: Sequence[str], edges: list[Edge]) -> list[tuple[list[str], list[Edge]]]:
    sets = UnionFind(members)
    for edge in edges:
        sets.union(edge.left, edge.right)
    inside: dict[str, list[Edge]] = {}
    for edge in edges:
        inside.setdefault(sets.find(edge.left), []).append(edge)
    return [(sorted(group), inside.get(sets.find(group[0]), [])) for group in sets.groups()]


def _suspect(members: list[str], edges: list[Edge], work: _Work) -> CutReason | None:
    size = len(members)
    if size < 2:
        return None
    known = set(members)
    if any(other in known for member in members for other in work.apart.get(member, ())):
        return CutReason.FORBIDDEN
    if size > work.guard.most:
        return CutReason.TOO_BIG
    pairs = len({frozenset((edge.left, edge.right)) for edge in edges})
    return CutReason.TOO_THIN if size > 2 and pairs < work.guard.density * size * (size - 1) / 2 else None


def _tree(members: list[str], edges: list[Edge]) -> list[Edge]:
    """Maximum spanning tree, strongest edge first (Kruskal 1956)."""
    sets = UnionFind(members)
    ranked = sorted(edges, key=lambda one: (-one.bits, one.left, one.right))
    return [edge for edge in ranked if sets.union(edge.left, edge.right)]


def _weakest(members: list[str], tree: list[Edge], reason: CutReason, work: _Work) -> Edge | None:
    """Where to cut: between two called different, the weakest edge of their path; else of the whole tree."""
    if reason is CutReason.FORBIDDEN:
        sets = UnionFind(members)
        for edge in tree:
            sets.union(edge.left, edge.right)
            if any(
                sets.find(one) == sets.find(other)
                for one in members
                for other in work.apart.get(one, ())
                if other in members
            ):
                return edge
    return tree[-1] if tree and tree[-1].bits < float("inf") else None


def _split(
    members: list[str], edges: list[Edge], tree: list[Edge], cut: Edge
) -> list[tuple[list[str], list[Edge]]]:
    """The two sides of the tree without its cut edge; other edges between them go too."""
    sets = UnionFind(members)
    for edge in tree:
        if edge is not cut:
            sets.union(edge.left, edge.right)
    return _components(members, [edge for edge in edges if sets.find(edge.left) == sets.find(edge.right)])
