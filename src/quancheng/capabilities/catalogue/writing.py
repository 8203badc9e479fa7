"""How an entry is written: its columns, its texts and its number of change always move together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from quancheng.capabilities.catalogue import fulltext, redaction
from quancheng.capabilities.catalogue import standards as city
from quancheng.capabilities.catalogue.models import Entry, Link, Pulse, State, Step, Version
from quancheng.capabilities.people import queries as people
from quancheng.core.catalogue import (
    Finding,
    Impact,
    Organ,
    Resource,
    changes,
    digest_of,
    impact_of,
    next_version,
    plain,
    read_resource,
)
from quancheng.core.text import Text
from quancheng.kernel import events
from quancheng.kernel.actions import Call
from quancheng.kernel.errors import Conflict, InvalidInput, NotFound


def next_seq() -> int:
    """The next change number; its row stays locked until the transaction ends."""
    Pulse.objects.get_or_create(pk=1)
    pulse = Pulse.objects.select_for_update().get(pk=1)
    pulse.seq += 1
    pulse.save(update_fields=["seq"])
    return int(pulse.seq)


def refuse(findings: Iterable[Finding]) -> None:
    """Raise InvalidInput with every fault at its field, if there is any."""
    fields: dict[str, Text] = {}
    for one in findings:
        before = fields.get(one.field)
        fields[one.field] = (
            one.text if before is None else Text(before.zh + one.text.zh, f"{before.en} {one.text.en}")
        )
    if fields:
        raise InvalidInput(fields=fields)


def organ_of(code: str) -> Organ:
    """A department as the catalogue names it; raises InvalidInput at its field."""
    found = department(code)
    return Organ(found.code, Text(found.zh, found.en))


def department(code: str, at: str = "provider.code") -> Any:
    """The row of a department; raises InvalidInput at the field ``at``."""
    try:
        return people.department(code)
    except NotFound:
        said = Text(f"没有机构“{code}”。", f"There is no organ “{code}”.")
        raise InvalidInput(fields={at: said}) from None


def free_code(resource: Resource) -> str:
    """The next code of an entry's home class; withdrawn entries keep theirs."""
    rule, segments = city.code_rule(resource.issued)
    home = resource.classes[0] if resource.classes else city.class_of(resource.provider.code)
    widths = {one.key: one.maximum for one in rule.segments}
    parts: dict[str, str] = {}
    place = 0
    for key in segments:
        parts[key] = home[place : place + widths[key]]
        place += widths[key]
    taken = Entry.objects.filter(code__startswith=home).values_list("code", flat=True)
    return rule.next_free(parts, list(taken))


def set_columns(entry: Entry) -> None:
    """Columns for filtering and rights from what the entry says now."""
    resource = read_resource(entry.published if entry.live and entry.published else entry.working)
    entry.name = read_resource(entry.working).name.zh[:200] if not entry.live else resource.name.zh[:200]
    entry.share, entry.openness = resource.share.value, resource.openness.value
    entry.level, entry.cycle = resource.level.value, resource.cycle.value
    entry.home_class = resource.classes[0] if resource.classes else ""
    entry.classes = "|".join(["", *resource.classes, ""])[:400]
    entry.formats = "|".join(["", *resource.formats, ""])[:200]
    entry.public = entry.live and redaction.is_public(resource, city.public_level())
    entry.sealed = redaction.is_sealed(resource, city.official_level())


def save(entries: Iterable[Entry]) -> None:
    """Write entries with their texts; one change number for all of them."""
    rows = list(entries)
    if not rows:
        return
    seq = next_seq()
    for entry in rows:
        set_columns(entry)
        entry.seq = seq
    new = [entry for entry in rows if entry.pk is None]
    if new:
        Entry.objects.bulk_create(new, batch_size=200)
    fields = [one.name for one in Entry._meta.concrete_fields if not one.primary_key]
    Entry.objects.bulk_update([one for one in rows if one not in new], fields, batch_size=50)
    fulltext.put([(entry.pk, texts(entry)) for entry in rows])


def texts(entry: Entry) -> dict[str, Resource | None]:
    """What each of the indexes has of an entry."""
    published = read_resource(entry.published) if entry.live and entry.published else None
    official = public = None
    if published is not None and not entry.sealed:
        official = redaction.for_level(published, city.official_level())
    if published is not None and entry.public:
        public = redaction.for_public(published, city.public_level())
    return {"desk": read_resource(entry.working), "official": official, "public": public}


def note(call: Call, entry: Entry, verb: str, text: str = "") -> None:
    """One line of what happened."""
    Step.objects.create(entry=entry, at=call.at, who=str(call.actor)[:120], verb=verb, note=text[:500])


def publish(call: Call, entry: Entry) -> Version:
    """Make the working copy the next version: immutable, with its digest, told to everybody."""
    draft = read_resource(entry.working)
    before = read_resource(entry.published) if entry.published else None
    impact: Impact | None = impact_of(changes(before, draft)) if before is not None else None
    if before is not None and impact is None and entry.live:
        raise Conflict(Text("内容与已发布版本相同。", "It says what the published version says."))
    today = _local_day(call.at)
    version = next_version(before.version, impact or Impact.WORDING) if before is not None else "1.0.0"
    issued = before.issued if before is not None else min(draft.issued, today)
    ready = replace(draft, version=version, issued=issued, modified=max(today, issued))
    entry.working = entry.published = plain(ready)
    first, entry.live = not entry.live, True
    entry.number += 1
    entry.state, entry.changed_at, entry.reason = State.PUBLISHED, call.at, ""
    save([entry])
    made: Version = Version.objects.create(
        entry=entry, number=entry.number, version=version, resource=plain(ready), digest=digest_of(ready),
        impact=impact.value if impact else "", at=call.at, by=str(call.actor)[:120],
    )  # fmt: skip
    note(call, entry, "publish", version)
    tell("published" if first else "changed", entry, version=version, impact=made.impact)
    return made


def tell(what: str, entry: Entry, **more: str) -> None:
    """An event about an entry."""
    data = {
        "entry_id": str(entry.entry_id),
        "code": entry.code,
        "organ": entry.organ.code,
        "name": entry.name,
    }
    events.emit(f"catalogue.entry.{what}", entry.code, {**data, "public": entry.public, **more})


def link(entry: Entry, distribution: str, table_id: str) -> None:
    """Say which table is behind a distribution; a table belongs to one entry."""
    other = Link.objects.filter(table_id=table_id).exclude(entry=entry).select_related("entry").first()
    if other is not None:
        raise Conflict(
            Text(
                f"该数据表已挂接到“{other.entry.name}”。",
                f"The table belongs to the entry {other.entry.code} already.",
            )
        )
    Link.objects.filter(table_id=table_id, entry=entry).exclude(distribution=distribution).delete()
    Link.objects.update_or_create(entry=entry, distribution=distribution, defaults={"table_id": table_id})


def _local_day(at: datetime) -> date:
    return timezone.localtime(at).date()
