"""条目的叶子: an entry as a flat table of paths and plain values, on which comparing, merging and
bulk editing work alike.

A path is ``("name",)`` or ``("items", field, attribute)``; ``("items",)`` alone holds the order of
the columns, so that adding, removing and sorting are visible. Values are JSON values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quancheng.core.catalogue.codec import plain, read_resource
from quancheng.core.catalogue.findings import CatalogueError, Finding, Reason
from quancheng.core.catalogue.values import Resource
from quancheng.core.text import Text

__all__ = ["KEYED", "SETS", "Path", "label_of", "leaves", "rebuild", "show"]

Path = tuple[str, ...]

KEYED: dict[str, str] = {"items": "field", "distributions": "id"}
"""Lists whose members have a name: the list and the member's key."""

SETS = frozenset({"formats", "share_modes", "related", "duties", "keywords"})
"""Lists in which order says nothing. ``classes`` is not one: the first class is the home class."""


def leaves(resource: Resource) -> dict[Path, Any]:
    """All paths of an entry with their values (展开); two members of one name raise CatalogueError."""
    flat: dict[Path, Any] = {}
    for name, value in plain(resource).items():
        if name not in KEYED:
            flat[(name,)] = value
            continue
        key = KEYED[name]
        order = [member[key] for member in value]
        if len(set(order)) != len(order):
            text = Text("成员重名，无法比较。", "Two members have one name; they cannot be compared.")
            raise CatalogueError([Finding(resource.code, name, Reason.DUPLICATE, text)])
        flat[(name,)] = order
        for member in value:
            for attribute, part in member.items():
                if attribute != key:
                    flat[(name, member[key], attribute)] = part
    return flat


def rebuild(flat: Mapping[Path, Any]) -> Resource:
    """The entry of a flat table (还原), the inverse of :func:`leaves`; strict like reading."""
    values: dict[str, Any] = {}
    members: dict[Path, dict[str, Any]] = {}
    for path, value in flat.items():
        if len(path) == 1 and path[0] not in KEYED:
            values[path[0]] = value
        elif len(path) == 3:
            members.setdefault(path[:2], {})[path[2]] = value
    for name, key in KEYED.items():
        values[name] = [{key: one, **members.get((name, one), {})} for one in flat.get((name,), ())]
    return read_resource(values)


def show(path: Path) -> str:
    """A path as findings write it: ``items[id_no].share`` (路径文字)."""
    return path[0] if len(path) == 1 else f"{path[0]}[{path[1]}].{'.'.join(path[2:])}"


def label_of(path: Path) -> Text:
    """What a person calls a place of an entry (字段名称)."""
    if len(path) == 1:
        return _LABELS.get(path[0], Text.of(path[0]))
    owner = _LABELS.get(path[0], Text.of(path[0]))
    part = _MEMBER_LABELS.get(path[-1], _LABELS.get(path[-1], Text.of(path[-1])))
    return Text(f"{owner.zh}“{path[1]}”的{part.zh}", f"{part.en} of {owner.en.lower()} “{path[1]}”")


_LABELS: dict[str, Text] = {
    "code": Text("信息资源代码", "Code"),
    "name": Text("信息资源名称", "Name"),
    "provider": Text("信息资源提供方", "Provider"),
    "abstract": Text("信息资源摘要", "Abstract"),
    "classes": Text("信息资源分类", "Classes"),
    "formats": Text("信息资源格式", "Formats"),
    "share": Text("共享类型", "Share type"),
    "share_condition": Text("共享条件", "Condition of sharing"),
    "share_basis": Text("不予共享依据", "Basis for not sharing"),
    "share_modes": Text("共享方式", "Modes of sharing"),
    "openness": Text("开放属性", "Openness"),
    "open_condition": Text("开放条件", "Condition of opening"),
    "level": Text("数据级别", "Level"),
    "cycle": Text("更新周期", "Update cycle"),
    "issued": Text("发布日期", "Issued"),
    "modified": Text("更新日期", "Modified"),
    "items": Text("信息项", "Item"),
    "related": Text("关联资源代码", "Related entries"),
    "duties": Text("权责清单事项", "Duties"),
    "keywords": Text("关键词", "Keywords"),
    "distributions": Text("挂接资源", "Distribution"),
    "version": Text("版本", "Version"),
}
_MEMBER_LABELS: dict[str, Text] = {
    "name": Text("名称", "Name"),
    "type": Text("数据类型", "Data type"),
    "length": Text("长度", "Length"),
    "personal": Text("个人信息标记", "Personal data mark"),
    "note": Text("说明", "Note"),
    "kind": Text("挂接形式", "Kind"),
    "format": Text("格式", "Format"),
    "url": Text("地址", "Address"),
    "size": Text("大小", "Size"),
    "sha256": Text("摘要", "Digest"),
}
