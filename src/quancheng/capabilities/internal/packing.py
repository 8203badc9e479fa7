"""结果文书包: the texts of the notices, filled from the item; printed and sealed. Reads only."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.timezone import localtime

from quancheng.capabilities.internal import casework, dossiers, printing, sealing
from quancheng.capabilities.internal import spec as specs
from quancheng.capabilities.internal.models import Item, WorkItem
from quancheng.capabilities.internal.printing import Printed
from quancheng.capabilities.internal.spec import ItemSpec, NoticeSpec
from quancheng.capabilities.people import queries as people
from quancheng.kernel import clock

__all__ = ["print_pack"]

SUMMARY = "summary"
MISSING = "—"


def print_pack(item: Item) -> list[tuple[str, Printed]]:
    """Every notice of the definition, and the list of what each linked department did."""
    spec = casework.spec_of(item)
    words = _words(spec, item)
    return [*((row.kind, _notice(item, row, words)) for row in spec.notice), (SUMMARY, _summary(item, words))]


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return MISSING


def _words(spec: ItemSpec, item: Item) -> _Words:
    """Values by the names the notices use, as people read them."""
    labels = {row.key: row for row in specs.dossier_keys()}
    known = dossiers.facts(item.dossier) if item.dossier is not None else {}
    words = _Words({"unit": item.unit.zh})
    for key, fact in known.items():
        words[key] = _shown(labels[key].shown(fact.value).zh)
    for row in spec.field:
        if (value := item.form.get(row.key)) is not None:
            words[row.key] = _shown(row.shown(value).zh)
    return words


def _shown(text: str) -> str:
    try:
        return printing.chinese_date(date.fromisoformat(text)) if len(text) == 10 else text
    except ValueError:
        return text


def _notice(item: Item, row: NoticeSpec, words: dict[str, str]) -> Printed:
    issuer = item.unit if row.issuer == "$unit" else people.department(row.issuer)
    return _sealed(item, issuer, row.title.zh, [row.text.zh.format_map(words)], [])


def _summary(item: Item, words: dict[str, str]) -> Printed:
    """联办结果清单: one row a linked department."""
    rows: list[tuple[str, str]] = []
    done = WorkItem.objects.filter(item=item, kind="service", state="done").select_related("department")
    for work in done.order_by("done_at", "id"):
        if work.outcome == "agree":
            when = printing.chinese_date(localtime(work.done_at, clock.LOCAL).date())
            said = work.result.get("zh", MISSING) + (f"（{work.opinion}）" if work.opinion else "")
            rows.append((f"{work.text.zh}（{work.department.zh}）", f"{said} {when}".strip()))
    issuer = people.department(_summary_issuer(item))
    text = f"{item.subject_name}的“{item.text.zh}”事项（{item.number}）已一次办成，各联办部门办理结果如下。"
    return _sealed(item, issuer, f"{item.text.zh}联办结果清单", [text], rows)


def _summary_issuer(item: Item) -> str:
    return "jn-hrss" if item.group == "personnel" else "jn-sasac"


def _sealed(
    item: Item, issuer: Any, title: str, paragraphs: list[str], rows: list[tuple[str, str]]
) -> Printed:
    code = sealing.new_code()
    pdf = printing.notice(
        title=title, organ=issuer.zh, paragraphs=paragraphs, rows=rows, day=clock.today(), code=code,
        number=item.number,
    )  # fmt: skip
    return printing.sealed(pdf, issuer.code, clock.now(), code=code)
