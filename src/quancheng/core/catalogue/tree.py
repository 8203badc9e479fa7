"""目录分类树: the three views (基础、主题、部门) as one tree of classes, and entries hung on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from quancheng.core.catalogue.findings import CatalogueError, Finding, Reason
from quancheng.core.catalogue.terms import View
from quancheng.core.catalogue.values import Resource
from quancheng.core.text import Text

__all__ = ["Branch", "Category", "ClassTree"]


@dataclass(frozen=True, slots=True)
class Category:
    """A class of any height: 类、项、目 or 细目; ``parent`` is "" at the top."""

    code: str
    name: Text
    view: View
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A class as a page shows it (目录分支): ``own`` codes of entries hung right here, ``total`` distinct
    entries here and below."""

    category: Category
    depth: int
    own: tuple[str, ...]
    total: int


class ClassTree:
    """分类树. Raises :class:`CatalogueError` with every double code, missing parent, circle and child in
    another view than its parent."""

    __slots__ = ("_categories", "_children")

    def __init__(self, categories: Iterable[Category]) -> None:
        self._categories: dict[str, Category] = {}
        self._children: dict[str, list[str]] = {"": []}
        wrong: list[Finding] = []
        for category in categories:
            if not category.code or category.code in self._categories:
                zh = f"分类代码“{category.code}”重复或为空。"
                en = f"The class code “{category.code}” is empty or there twice."
                wrong.append(_finding(category, Reason.DUPLICATE, zh, en))
                continue
            self._categories[category.code] = category
            self._children.setdefault(category.parent, []).append(category.code)
        wrong += self._wrong_parents()
        if wrong:
            raise CatalogueError(wrong)

    def __contains__(self, code: object) -> bool:
        return code in self._categories

    def __getitem__(self, code: str) -> Category:
        return self._categories[code]

    def __iter__(self) -> Iterator[Category]:
        return iter(self._categories.values())

    def __len__(self) -> int:
        return len(self._categories)

    def children(self, code: str = "") -> tuple[Category, ...]:
        """Classes right below one, or the top classes, in the given order (下级分类)."""
        return tuple(self._categories[child] for child in self._children.get(code, ()))

    def path(self, code: str) -> tuple[Category, ...]:
        """From the top class down to this one (分类路径); ``KeyError`` for an unknown code."""
        steps = [self._categories[code]]
        while steps[-1].parent:
            steps.append(self._categories[steps[-1].parent])
        return tuple(reversed(steps))

    def under(self, code: str) -> frozenset[str]:
        """The codes of a class and all below it (本级及下级代码)."""
        found, waiting = set(), [self._categories[code].code]
        while waiting:
            here = waiting.pop()
            found.add(here)
            waiting += self._children.get(here, ())
        return frozenset(found)

    def view(self, view: View, resources: Iterable[Resource]) -> tuple[Branch, ...]:
        """One view with its entries, parents before children (按视图展示).

        An entry hung on two classes of a branch counts once in their parent. Entries of classes
        that the tree does not know are left out; :func:`checking.check` reports them.
        """
        own: dict[str, dict[str, None]] = {}
        for resource in resources:
            for code in resource.classes:
                if code in self._categories and self._categories[code].view is view:
                    own.setdefault(code, {})[resource.code] = None
        totals = self._totals(own)
        branches: list[Branch] = []
        waiting = [(child, 0) for child in reversed(self._children[""])]
        while waiting:
            code, depth = waiting.pop()
            if self._categories[code].view is view:
                branches.append(
                    Branch(self._categories[code], depth, tuple(own.get(code, ())), len(totals.get(code, ())))
                )
                waiting += [(child, depth + 1) for child in reversed(self._children.get(code, []))]
        return tuple(branches)

    def _totals(self, own: Mapping[str, Mapping[str, None]]) -> dict[str, set[str]]:
        totals: dict[str, set[str]] = {}
        for code, entries in own.items():
            for category in self.path(code):
                totals.setdefault(category.code, set()).update(entries)
        return totals

    def _wrong_parents(self) -> Iterator[Finding]:
        reached = set()
        waiting = list(self._children[""])
        while waiting:
            here = waiting.pop()
            reached.add(here)
            waiting += self._children.get(here, ())
        for category in self._categories.values():
            parent = self._categories.get(category.parent)
            if category.parent and parent is None:
                zh = f"上级分类“{category.parent}”不存在。"
                yield _finding(category, Reason.UNKNOWN, zh, f"There is no class “{category.parent}”.")
            elif parent is not None and parent.view is not category.view:
                zh = "与上级分类不在同一类目录中。"
                yield _finding(category, Reason.MALFORMED, zh, "Its parent is in another view.")
            elif category.code not in reached and not self._lost(category):
                zh = "上级分类形成循环。"
                yield _finding(category, Reason.SELF_REFERENCE, zh, "Its parents form a circle.")

    def _lost(self, category: Category) -> bool:
        """Whether a missing ancestor is the reason (that one is reported already)."""
        seen = set()
        while category.parent and category.code not in seen:
            seen.add(category.code)
            if category.parent not in self._categories:
                return True
            category = self._categories[category.parent]
        return False


def _finding(category: Category, reason: Reason, zh: str, en: str) -> Finding:
    return Finding(
        category.code, "parent" if reason is not Reason.DUPLICATE else "code", reason, Text(zh, en)
    )
