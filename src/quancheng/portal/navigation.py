"""Navigation as the shell shows it: entries of the registry, grouped, the current one marked."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import HttpRequest
from django.utils.translation import gettext as _

from quancheng.kernel import registry
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.portal.i18n import pick

FACES = {
    "citizen": ("/", "home"),
    "desk": ("/work/", "briefcase"),
    "command": ("/screen/", "device-desktop"),
    "open": ("/open/", "database-export"),
    "guard": ("/sec/", "shield-lock"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the navigation."""

    path: str
    label: str
    icon: str
    hint: str = ""
    home: bool = False
    current: bool = False


@dataclass(slots=True)
class Group:
    """Entries of one module under its name; the face's own entries come first, unnamed."""

    label: str
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FaceLink:
    """A face an official may switch to."""

    name: str
    path: str
    label: str
    icon: str
    current: bool


def face_label(face: str) -> str:
    """The name of a face."""
    return {
        "citizen": _("泉城办"),
        "desk": _("工作台"),
        "command": _("指挥中心"),
        "open": _("数据开放"),
        "guard": _("安全监管"),
    }[face]


def actor_of(request: HttpRequest) -> Actor:
    """Who asks; nobody when the request never passed the kernel's middleware."""
    return getattr(request, "actor", None) or Actor.anonymous()


def groups(face: str, request: HttpRequest) -> list[Group]:
    """Own entries of the face, then the modules' entries."""
    cache: dict[str, list[Group]] = request.__dict__.setdefault("_qc_navigation", {})
    if face not in cache:
        cache[face] = _groups(face, request)
    return cache[face]


def _groups(face: str, request: HttpRequest) -> list[Group]:
    own = own_entries(face)
    rows = registry.navigation(face, actor_of(request))
    taken = {row.path for row in rows}
    own = [entry for entry in own if entry[0] not in taken]
    best = _best(request.path, [path for path, *_rest in own] + [row.path for row in rows])
    first = Group("", [Entry(path, label, icon, current=path == best) for path, label, icon in own])
    found: dict[str, Group] = {}
    for row in rows:
        entry = Entry(row.path, pick(row.text), row.icon, pick(row.summary), row.home, row.path == best)
        if face == "citizen":
            first.entries.append(entry)
            continue
        group = found.setdefault(row.module, Group(pick(registry.module(row.module).text)))
        group.entries.append(entry)
    if face == "citizen":
        order = {row.path: row.order for _owner, row in registry.items("page") if row.face == face}
        first.entries.sort(key=lambda entry: order.get(entry.path, 0))
    return [first, *found.values()]


def _best(path: str, candidates: list[str]) -> str:
    """The longest entry the page lies under (a face's home only when it is the page itself)."""
    homes = {home for home, _icon in FACES.values()}
    under = [c for c in candidates if path == c or (c not in homes and path.startswith(c.rstrip("/") + "/"))]
    return max(under, key=len, default="")


def own_entries(face: str) -> list[tuple[str, str, str]]:
    """Entries that belong to the shell itself."""
    home, _icon = FACES[face]
    entries = [(home, _("总览") if face == "command" else _("首页"), "home")]
    if face == "guard":
        entries.append(("/sec/modules/", _("模块与等级"), "checklist"))
    return entries


def switchable(request: HttpRequest, current: str) -> list[FaceLink]:
    """The faces of an official: citizen and desk always, others when something is in them."""
    actor = actor_of(request)
    if actor.kind is not ActorKind.OFFICIAL:
        return []
    links = []
    for face, (path, icon) in FACES.items():
        if face in {"citizen", "desk", current} or registry.navigation(face, actor):
            links.append(FaceLink(face, path, face_label(face), icon, face == current))
    return links


def tabs(request: HttpRequest, limit: int = 7) -> list[Entry]:
    """The citizen tab bar: the first entries and the last one (我的); the rest is on the home page."""
    entries = [entry for group in groups("citizen", request) for entry in group.entries]
    return entries if len(entries) <= limit else [*entries[: limit - 1], entries[-1]]


def home_tiles(face: str, request: HttpRequest) -> list[Entry]:
    """Entries marked ``home = true``."""
    return [entry for group in groups(face, request) for entry in group.entries if entry.home]
