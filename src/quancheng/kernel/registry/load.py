"""模块登记: which modules there are and what they provide. Reads files only, no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from quancheng.core.text import Text
from quancheng.kernel.registry.discovery import ModuleLocation, discover
from quancheng.kernel.registry.manifest import (
    COMMON_ROLES,
    KINDS,
    Access,
    Face,
    Manifest,
    ResourceRow,
    key_of,
    parse,
)
from quancheng.kernel.registry.problems import RegistryError

FLOORS = ("capability", "scenario")
FACES: tuple[Face, ...] = ("citizen", "desk", "command", "open", "guard")


@dataclass(frozen=True, slots=True)
class Module:
    """One capability or scenario: where it is and its ``module.toml`` (模块)."""

    location: ModuleLocation
    manifest: Manifest = field(hash=False)

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def dotted(self) -> str:
        return self.location.dotted

    @property
    def folder(self) -> Path:
        return self.location.folder

    @property
    def floor(self) -> str:
        return self.manifest.floor

    @property
    def text(self) -> Text:
        return Text(self.manifest.zh, self.manifest.en)

    @property
    def sort_key(self) -> tuple[int, int, str]:
        return (FLOORS.index(self.floor), self.manifest.order, self.name)

    def rows(self, kind: str) -> tuple[Any, ...]:
        """The rows of one kind in this module's manifest."""
        if kind not in KINDS:
            raise KeyError(f"没有 [[{kind}]]。 There is no kind {kind}; use one of {', '.join(KINDS)}.")
        rows: tuple[Any, ...] = getattr(self.manifest, kind)
        return rows


@dataclass(frozen=True, slots=True)
class NavEntry:
    """导航条目: one entry an actor may open."""

    module: str
    face: str
    path: str
    text: Text
    icon: str
    home: bool
    summary: Text | None
    public: bool


class HasRoles(Protocol):
    """What navigation needs to know of an actor."""

    @property
    def role_ids(self) -> frozenset[str]: ...


_cache: tuple[Module, ...] | None = None


def modules() -> tuple[Module, ...]:
    """All modules, capabilities first, then by ``order`` and name.

    Raises RegistryError when a ``module.toml`` is wrong or an id is used twice.
    """
    global _cache
    if _cache is None:
        _cache = read(discover())
    return _cache


def module(name: str) -> Module:
    """The module of this name; KeyError says which there are."""
    for candidate in modules():
        if candidate.name == name:
            return candidate
    names = ", ".join(candidate.name for candidate in modules()) or "-"
    raise KeyError(f"没有模块 {name}。 There is no module {name}; there are: {names}.")


def items(kind: str) -> list[tuple[Module, Any]]:
    """All rows of one kind, e.g. ``items("incident_type")``, in module order."""
    return [(owner, row) for owner in modules() for row in owner.rows(kind)]


def navigation(face: str, actor: HasRoles | None = None) -> list[NavEntry]:
    """The entries of a face this actor may open; without an actor only public ones."""
    roles = actor.role_ids if actor is not None else frozenset()
    rows = [(owner, row) for owner, row in items("page") if row.face == face]
    rows.sort(key=lambda pair: (pair[0].sort_key, pair[1].order))
    return [
        NavEntry(
            module=owner.name,
            face=row.face,
            path=row.path,
            text=row.text,
            icon=row.icon,
            home=row.home,
            summary=row.summary.text if row.summary else None,
            public=not row.roles,
        )
        for owner, row in rows
        if not row.roles or roles.intersection(row.roles)
    ]


def resource_path(owner: Module | str, file: str) -> Path:
    """A file inside a module's folder; refuses paths that leave it."""
    folder = (module(owner) if isinstance(owner, str) else owner).folder.resolve()
    path = (folder / file).resolve()
    if not path.is_relative_to(folder):
        raise ValueError(f"{file} 在模块文件夹之外。 {file} is outside the folder of the module.")
    return path


def read(locations: Iterable[ModuleLocation]) -> tuple[Module, ...]:
    """Read the manifests at these places, together; one RegistryError tells all problems."""
    found: list[Module] = []
    lines: list[str] = []
    for location in locations:
        try:
            manifest = parse(location.manifest)
        except RegistryError as error:
            lines += error.lines
            continue
        found.append(Module(location, manifest))
        if manifest.name != location.name:
            lines.append(
                f"{location.manifest} name: 应与文件夹同名，写 {location.name}。"
                f" It must be the name of the folder: {location.name}."
            )
    found.sort(key=lambda one: one.sort_key)
    lines += duplicates(found)
    if lines:
        raise RegistryError(lines)
    return tuple(found)


def duplicates(found: Iterable[Module]) -> list[str]:
    """Ids that two rows use: one line each."""
    first: dict[tuple[str, str], Module] = {}
    lines = []
    for owner in found:
        keys = [("name", owner.name)]
        for kind in KINDS:
            keys += [(kind, _scoped(owner, kind, row)) for row in owner.rows(kind)]
        for kind, key in keys:
            other = first.setdefault((kind, key), owner)
            if other is owner and keys.count((kind, key)) == 1:
                continue
            lines.append(
                f"{owner.location.manifest} {kind} {key}: 编号重复，已在 {other.location.manifest}"
                f" 使用，请换一个。 It is already used there; choose another."
            )
    return sorted(set(lines))


def _scoped(owner: Module, kind: str, row: Any) -> str:
    """The key of a row; rules about a model and files named alike may stand in two modules."""
    shared = isinstance(row, Access | ResourceRow)
    return f"{owner.name}:{key_of(kind, row)}" if shared else key_of(kind, row)


def unknown_roles() -> list[str]:
    """Pages and access rules that name a role no module declares: one line each."""
    known = {row.id for _, row in items("role")} | COMMON_ROLES
    named = [(owner, "page", row.path, role) for owner, row in items("page") for role in row.roles]
    named += [(owner, "access", row.model, row.role) for owner, row in items("access")]
    return [
        f"{owner.location.manifest} [[{kind}]] {what}: 没有角色 {role},请在 [[role]] 声明。"
        f" No module declares role {role}; add a [[role]]."
        for owner, kind, what, role in named
        if role not in known
    ]


def reload() -> None:
    """Forget what was read; the next question reads the files again."""
    global _cache
    _cache = None


@contextmanager
def using(locations: Iterable[ModuleLocation]) -> Iterator[tuple[Module, ...]]:
    """Only these modules exist inside the block (for tests)."""
    global _cache
    before, _cache = _cache, read(locations)
    try:
        yield _cache
    finally:
        _cache = before
