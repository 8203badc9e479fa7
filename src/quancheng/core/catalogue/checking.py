"""条目校验: all findings of an entry, or of a whole catalogue, at once.

The limits and lists that a standard or a city sets come in as :class:`Standards`; nothing dated is
written here. What a person has to decide is a warning, what must not be published an error.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from quancheng.core.catalogue.codes import CodeError, CodeRule
from quancheng.core.catalogue.findings import Finding, Reason
from quancheng.core.catalogue.restriction import level_of, open_items, shared_items
from quancheng.core.catalogue.terms import DataType, Level, Openness, Severity, ShareType
from quancheng.core.catalogue.tree import ClassTree
from quancheng.core.catalogue.values import Distribution, Item, Resource
from quancheng.core.text import Text

__all__ = ["Standards", "check", "check_all", "is_address"]

_WITH_LENGTH = frozenset({DataType.TEXT, DataType.NUMBER, DataType.MONEY})
_UNSAFE_IN_ADDRESS = frozenset('<>"{}|\\^`')


@dataclass(frozen=True, slots=True)
class Standards:
    """校验依据: what an entry is measured against; every part may be left out and is then not asked.

    ``lengths`` limits texts in characters by field name; ``class_from_code`` gives the class that a
    parsed code belongs to (segment keys joined); ``open_up_to`` is the highest level that may be
    open; ``formats`` the allowed format names.
    """

    rule: CodeRule | None = None
    tree: ClassTree | None = None
    class_segments: tuple[str, ...] = ()
    lengths: Mapping[str, int] = field(default_factory=dict)
    formats: frozenset[str] | None = None
    open_up_to: Level | None = None
    organ_code_ok: Callable[[str], bool] | None = None


def check(resource: Resource, standards: Standards) -> tuple[Finding, ...]:
    """All findings of one entry by itself (单条校验)."""
    say = _Say(resource.code)
    return tuple(
        finding
        for part in (_identity, _texts, _classes, _sharing, _opening, _items, _distributions)
        for finding in part(resource, standards, say)
    )


def check_all(resources: Iterable[Resource], standards: Standards) -> tuple[Finding, ...]:
    """All findings of a catalogue: each entry's, double codes and names, dead links (全目录校验)."""
    entries = list(resources)
    codes = Counter(entry.code for entry in entries)
    names = Counter((entry.provider.code, entry.name.zh) for entry in entries)
    findings: list[Finding] = []
    for entry in entries:
        say = _Say(entry.code)
        findings += check(entry, standards)
        if codes[entry.code] > 1:
            findings.append(say("code", Reason.DUPLICATE, "资源代码重复。", "The code is there twice."))
        if names[(entry.provider.code, entry.name.zh)] > 1:
            zh, en = "同一提供方已有同名资源。", "The provider has another entry of this name."
            findings.append(say("name", Reason.DUPLICATE, zh, en, Severity.WARNING))
        for code in entry.related:
            if code not in codes:
                zh, en = (
                    f"关联资源“{code}”不在目录中。",
                    f"The related entry “{code}” is not in the catalogue.",
                )
                findings.append(say("related", Reason.UNKNOWN, zh, en, Severity.WARNING))
    return tuple(findings)


@dataclass(frozen=True, slots=True)
class _Say:
    resource: str

    def __call__(
        self, place: str, reason: Reason, zh: str, en: str, severity: Severity = Severity.ERROR
    ) -> Finding:
        return Finding(self.resource, place, reason, Text(zh, en), severity)


def _identity(resource: Resource, standards: Standards, say: _Say) -> Iterator[Finding]:
    if standards.rule is None:
        if not resource.code:
            yield say("code", Reason.MISSING, "缺少资源代码。", "The code is missing.")
    else:
        try:
            parts = standards.rule.parse(resource.code).parts
        except CodeError as error:
            yield say("code", Reason.MALFORMED, error.text.zh, error.text.en)
        else:
            home = "".join(parts[key] for key in standards.class_segments)
            if home and resource.classes and home != resource.classes[0]:
                zh = f"资源代码属于分类“{home}”，与主分类“{resource.classes[0]}”不一致。"
                en = f"The code is of class “{home}”, the home class is “{resource.classes[0]}”."
                yield say("code", Reason.MALFORMED, zh, en)
    wellformed = standards.organ_code_ok
    if not resource.provider.code:
        yield say("provider.code", Reason.MISSING, "缺少提供方代码。", "The provider's code is missing.")
    elif wellformed is not None and not wellformed(resource.provider.code):
        zh, en = "提供方代码不是有效的统一社会信用代码。", "The provider's code is no valid credit code."
        yield say("provider.code", Reason.MALFORMED, zh, en)
    if resource.modified < resource.issued:
        zh, en = "更新日期早于发布日期。", "The entry was modified before it was issued."
        yield say("modified", Reason.DATE_ORDER, zh, en)
    if resource.code and resource.code in resource.related:
        yield say("related", Reason.SELF_REFERENCE, "资源不能关联自身。", "An entry cannot relate to itself.")


def _texts(resource: Resource, standards: Standards, say: _Say) -> Iterator[Finding]:
    needed = {
        "name": resource.name.zh,
        "provider.name": resource.provider.name.zh,
        "abstract": resource.abstract.zh,
    }
    for place, value in needed.items():
        if not value.strip():
            yield say(place, Reason.MISSING, "缺少内容。", "It is missing.")
    others = {
        "name.en": resource.name.en,
        "abstract.en": resource.abstract.en,
        "share_condition": resource.share_condition,
        "share_basis": resource.share_basis,
        "open_condition": resource.open_condition,
    }
    others |= {f"items[{item.field}].name": item.name.zh for item in resource.items}
    others |= {f"keywords[{number}]": word for number, word in enumerate(resource.keywords)}
    for place, value in (needed | others).items():
        yield from _text(place, value, standards, say)


def _text(place: str, value: str, standards: Standards, say: _Say) -> Iterator[Finding]:
    limit = standards.lengths.get(place, standards.lengths.get(place.rpartition(".")[2]))
    if place.startswith("items["):
        limit = standards.lengths.get("item.name")
    if limit is not None and len(value) > limit:
        zh = f"共{len(value)}字，超过上限{limit}字。"
        yield say(place, Reason.TOO_LONG, zh, f"It has {len(value)} characters, more than {limit}.")
    hidden = next((char for char in value if _unprintable(char)), "")
    if hidden:
        zh = f"含有不可见字符 U+{ord(hidden):04X}。"
        yield say(place, Reason.UNPRINTABLE, zh, f"It has an invisible character U+{ord(hidden):04X}.")


def _unprintable(char: str) -> bool:
    """Control, format (bidirectional overrides, zero width), unassigned and lone surrogates."""
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn", "Co") and char not in "\n\t"


def _classes(resource: Resource, standards: Standards, say: _Say) -> Iterator[Finding]:
    if not resource.classes:
        yield say("classes", Reason.MISSING, "未归入任何分类。", "The entry is in no class.")
    for code in resource.classes if standards.tree is not None else ():
        if standards.tree is not None and code not in standards.tree:
            yield say("classes", Reason.UNKNOWN, f"分类“{code}”不存在。", f"There is no class “{code}”.")
    for code, count in Counter(resource.classes).items():
        if count > 1:
            yield say(
                "classes", Reason.DUPLICATE, f"分类“{code}”重复。", f"The class “{code}” is there twice."
            )
    if not resource.formats:
        yield say("formats", Reason.MISSING, "缺少资源格式。", "The format is missing.")
    for name in resource.formats:
        if standards.formats is not None and name not in standards.formats:
            yield say(
                "formats", Reason.UNKNOWN, f"格式“{name}”不在清单中。", f"“{name}” is no listed format."
            )


def _sharing(resource: Resource, standards: Standards, say: _Say) -> Iterator[Finding]:
    kind = resource.share
    if kind is ShareType.CONDITIONAL and not resource.share_condition.strip():
        yield say(
            "share_condition",
            Reason.MISSING,
            "有条件共享须写明共享条件。",
            "Sharing on condition needs its condition.",
        )
    if kind is ShareType.NONE and not resource.share_basis.strip():
        zh = "不予共享须写明法律、行政法规或国家政策依据。"
        yield say("share_basis", Reason.MISSING, zh, "Not sharing needs its basis in law or policy.")
    if kind is not ShareType.CONDITIONAL and resource.share_condition.strip():
        zh, en = "只有有条件共享才填写共享条件。", "Only sharing on condition has a condition."
        yield say("share_condition", Reason.UNNEEDED, zh, en)
    if kind is ShareType.NONE and resource.share_modes:
        yield say(
            "share_modes",
            Reason.UNNEEDED,
            "不予共享的资源没有共享方式。",
            "What is not shared has no mode of sharing.",
        )
    if kind is not ShareType.NONE and not resource.share_modes:
        yield say("share_modes", Reason.MISSING, "缺少共享方式。", "The mode of sharing is missing.")


def _opening(resource: Resource, standards: Standards, say: _Say) -> Iterator[Finding]:
    if resource.openness is Openness.CONDITIONAL and not resource.open_condition.strip():
        yield say(
            "open_condition",
            Reason.MISSING,
            "有条件开放须写明开放条件。",
            "Opening on condition needs its condition.",
        )
    if resource.openness is Openness.CLOSED:
        return
    if resource.share is ShareType.NONE:
        zh, en = "不予共享的资源不得开放。", "What is not shared cannot be open."
        yield say("openness", Reason.OPEN_BUT_NOT_SHARED, zh, en)
    limit = standards.open_up_to
    if limit is not None and resource.level.rank > limit.rank:
        zh = f"{resource.level.label.zh}数据不得开放，最高为{limit.label.zh}。"
        en = f"Data of {resource.level.label.en} cannot be open, at most {limit.label.en}."
        yield say("openness", Reason.LEVEL_FORBIDS, zh, en)


def _items(resource: Resource, standards: Standards, say: _Say) -> Iterator[Finding]:
    if not resource.items:
        yield say("items", Reason.MISSING, "缺少信息项。", "There are no items.")
        return
    for name, count in Counter(item.field.casefold() for item in resource.items).items():
        if count > 1:
            yield say(f"items[{name}].field", Reason.DUPLICATE, "字段名重复。", "The field is there twice.")
    for item in resource.items:
        yield from _item(resource, item, say)
    needed = level_of(resource)
    if needed.rank > resource.level.rank:
        zh = f"信息项最高为{needed.label.zh}，资源不得低于该级。"
        en = f"An item has {needed.label.en}; the entry cannot have a lower one."
        yield say("level", Reason.ABOVE_RESOURCE_LEVEL, zh, en)
    if resource.share is not ShareType.NONE and not shared_items(resource):
        zh, en = "全部信息项不予共享，资源应为不予共享。", "No item is shared; the entry is not either."
        yield say("share", Reason.NOTHING_SHARED, zh, en)
    if resource.openness is Openness.OPEN and not open_items(resource):
        zh, en = "没有可开放的信息项。", "No item is open."
        yield say("openness", Reason.NOTHING_OPEN, zh, en, Severity.WARNING)


def _item(resource: Resource, item: Item, say: _Say) -> Iterator[Finding]:
    place = f"items[{item.field}]"
    if not item.field or not item.field.isidentifier() or _hidden(item.field):
        zh, en = (
            "字段名须为字母、数字和下划线，且不以数字开头。",
            "A field name is of letters, digits and underscores.",
        )
        yield say(f"{place}.field", Reason.MALFORMED, zh, en)
    if not item.name.zh.strip():
        yield say(f"{place}.name", Reason.MISSING, "缺少信息项名称。", "The item's name is missing.")
    if item.length is not None and item.length < 1:
        yield say(f"{place}.length", Reason.MALFORMED, "长度须大于零。", "The length is above zero.")
    if item.length is None and item.type in _WITH_LENGTH:
        zh = f"{item.type.label.zh}须填写长度。"
        yield say(
            f"{place}.length", Reason.MISSING, zh, f"{item.type.label.en} needs a length.", Severity.WARNING
        )
    if item.share is not None and item.share.rank < resource.share.rank:
        zh = f"信息项“{item.share.label.zh}”宽于资源的“{resource.share.label.zh}”。"
        en = f"The item is “{item.share.label.en}”, looser than the entry's “{resource.share.label.en}”."
        yield say(f"{place}.share", Reason.LOOSER_THAN_RESOURCE, zh, en)
    if item.openness is not None and item.openness.rank < resource.openness.rank:
        zh = f"信息项“{item.openness.label.zh}”宽于资源的“{resource.openness.label.zh}”。"
        en = (
            f"The item is “{item.openness.label.en}”, looser than the entry's “{resource.openness.label.en}”."
        )
        yield say(f"{place}.openness", Reason.LOOSER_THAN_RESOURCE, zh, en)
    if item.personal and item in open_items(resource):
        yield say(
            f"{place}.openness",
            Reason.PERSONAL_OPEN,
            "个人信息不得无条件开放。",
            "Personal data cannot be open.",
        )


def _hidden(name: str) -> bool:
    return any(_unprintable(char) for char in name)


def _distributions(resource: Resource, standards: Standards, say: _Say) -> Iterator[Finding]:
    for name, count in Counter(entry.id for entry in resource.distributions).items():
        if count > 1 or not name:
            zh, en = "挂接资源编号重复或为空。", "The distribution's id is empty or there twice."
            yield say(f"distributions[{name}].id", Reason.DUPLICATE, zh, en)
    for entry in resource.distributions:
        yield from _distribution(entry, say)


def _distribution(entry: Distribution, say: _Say) -> Iterator[Finding]:
    place = f"distributions[{entry.id}]"
    if not is_address(entry.url):
        yield say(
            f"{place}.url",
            Reason.MALFORMED,
            "地址须为完整的网址。",
            "The address is no absolute web address.",
        )
    if entry.size is not None and entry.size < 0:
        yield say(f"{place}.size", Reason.MALFORMED, "大小不得为负。", "The size is not negative.")
    if entry.sha256 and (len(entry.sha256) != 64 or set(entry.sha256) - set("0123456789abcdef")):
        yield say(
            f"{place}.sha256", Reason.MALFORMED, "摘要须为64位十六进制。", "The digest is 64 hex digits."
        )


def is_address(url: str) -> bool:
    """Whether a text is an absolute http(s) address that may stand in RDF (是否完整网址).

    RFC 3987 IRIs: no blanks, control characters or ``<>"{}|\\^```; a host is needed, no user names.
    """
    scheme, mark, rest = url.partition("://")
    host = rest.replace("?", "/").replace("#", "/").partition("/")[0]
    if not mark or scheme not in ("http", "https") or not host.partition(":")[0].strip(".") or "@" in host:
        return False
    return not any(char.isspace() or _unprintable(char) or char in _UNSAFE_IN_ADDRESS for char in url)
