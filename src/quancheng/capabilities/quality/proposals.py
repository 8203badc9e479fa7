"""规则建议: what a table's columns, its profile and its catalogue entry suggest, for a person to accept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.quality.models import RuleVersion, Sheet, TableProfile
from quancheng.core.catalogue import DataType, Item, Resource
from quancheng.core.quality import Profile, QualityError, profile_from
from quancheng.core.tabular import Kind

_PLAIN = re.compile(r"[A-Za-z0-9_\-.]{1,40}")
_FEW, _ENOUGH = 12, 200
"""A text with so few values in so many rows looks like a dictionary."""
_CHECKSUMS = {Kind.RESIDENT_ID: ("resident_id", "公民身份号码有效", "Resident number valid"),
              Kind.USCC: ("uscc", "统一社会信用代码有效", "Credit code valid")}  # fmt: skip
_FORMATS = (
    (re.compile("手机"), "mobile", "手机号格式", "Mobile number well formed"),
    (re.compile("邮箱|电子邮件"), "email", "邮箱格式", "E-mail well formed"),
    (re.compile("邮编|邮政编码"), "postcode", "邮政编码格式", "Postcode well formed"),
    (re.compile("车牌|号牌"), "plate", "号牌格式", "Number plate well formed"),
)
_PAST = re.compile("出生|成立|登记日|发证|办理|死亡|结婚|注册日")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal (建议): the rule's document and where it comes from."""

    document: dict[str, Any]
    source: str


def for_sheet(sheet: Sheet, schema: Any) -> list[Proposal]:
    """All proposals for a table (建议规则), each of another rule."""
    newest = TableProfile.objects.filter(sheet=sheet).order_by("-id").first()
    profile = None
    if newest is not None:
        try:
            profile = profile_from(newest.data)
        except QualityError:
            profile = None
    entry = catalogue.entry_of_table(sheet.table_id)
    return propose(schema, profile, entry.resource if entry is not None else None)


def propose(schema: Any, profile: Profile | None, resource: Resource | None = None) -> list[Proposal]:
    """Proposals from columns, a profile and a catalogue entry (由结构、概况与目录建议), pure."""
    found: dict[str, Proposal] = {}
    for place, column in enumerate(schema.columns):
        name = column.name if _PLAIN.fullmatch(column.name) else f"c{place + 1}"
        item = resource.item(column.name) if resource is not None else None
        for proposal in (
            *_of_column(column, name, schema.key),
            *_of_item(column, name, item),
            *_of_profile(column, name, profile),
        ):
            found.setdefault(str(proposal.document["id"]), proposal)
    if resource is not None and resource.cycle.period is not None:
        document = _document("updated", "cycle", "按更新周期更新", "Updated by its cycle")
        found["updated-cycle"] = Proposal(
            document | {"days": resource.cycle.period}, RuleVersion.Source.CATALOGUE
        )
    return list(found.values())


def _document(kind: str, code: str, zh: str, en: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{kind}-{code}", "kind": kind, "name": {"zh": zh, "en": en}, **more}


def _of_column(column: Any, code: str, key: Sequence[str]) -> Iterator[Proposal]:
    label, english = column.zh or column.name, column.en or column.name
    source = RuleVersion.Source.CATALOGUE
    if column.required and column.name not in key:
        yield Proposal(
            _document("complete", code, f"{label}须填写", f"{english} filled in", column=column.name), source
        )
    if column.kind in _CHECKSUMS:
        scheme, zh, en = _CHECKSUMS[column.kind]
        yield Proposal(_document("checksum", code, zh, en, column=column.name, scheme=scheme), source)
    if column.kind in (Kind.TEXT, Kind.PHONE):
        for pattern, named, zh, en in _FORMATS:
            if pattern.search(label):
                yield Proposal(_document("format", code, zh, en, column=column.name, named=named), source)
    if column.kind is Kind.DATE and _PAST.search(label):
        expression = f"{_quoted(column.name)} <= today"
        document = _document("consistent", code, f"{label}不晚于今天", f"{english} not in the future")
        yield Proposal(document | {"expression": expression}, source)
    if column.kind is Kind.INTEGER and "年龄" in label:
        document = _document("range", code, f"{label}范围", f"{english} plausible", column=column.name)
        yield Proposal(document | {"least": 0, "most": 120}, source)


def _of_item(column: Any, code: str, item: Item | None) -> Iterator[Proposal]:
    """The catalogue says how long a text may be."""
    if item is None or item.length is None or item.type is not DataType.TEXT or column.kind is not Kind.TEXT:
        return
    document = _document(
        "range", f"{code}-length", f"{item.name.zh}长度", f"{item.name.en} length", column=column.name
    )
    yield Proposal(document | {"most": item.length, "length": True}, RuleVersion.Source.CATALOGUE)


def _quoted(name: str) -> str:
    """A column in an expression; in quotes, so that it is never a word of the language."""
    return f'"{name}"'


def _of_profile(column: Any, code: str, profile: Profile | None) -> Iterator[Proposal]:
    seen = profile.of(column.name) if profile is not None else None
    if profile is None or seen is None or profile.rows < _ENOUGH or column.personal:
        return
    label, english = column.zh or column.name, column.en or column.name
    source = RuleVersion.Source.PROFILE
    if seen.missing == 0 and not column.required:
        document = _document("complete", code, f"{label}须填写", f"{english} filled in", column=column.name)
        yield Proposal(document | {"severity": "warning"}, source)
    few = seen.complete_top and seen.distinct is not None and 2 <= seen.distinct <= _FEW
    if few and column.kind is Kind.TEXT:
        values = [str(value) for value, _ in seen.top]
        document = _document("allowed", code, f"{label}取值", f"{english} of the list", column=column.name)
        yield Proposal(document | {"values": values, "severity": "warning"}, source)
