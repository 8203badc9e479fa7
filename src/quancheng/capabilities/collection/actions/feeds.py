"""Feeds 归集任务 and the addresses they may reach 登记地址."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from quancheng.capabilities.catalogue import actions as catalogue_actions
from quancheng.capabilities.catalogue import queries as catalogue
from quancheng.capabilities.collection import rawfiles, sealing
from quancheng.capabilities.collection.agreeing import faults_of_columns, faults_of_layout
from quancheng.capabilities.collection.connectors import kind_of
from quancheng.capabilities.collection.models import Address, Feed, Run
from quancheng.capabilities.collection.shapes import table_schema
from quancheng.capabilities.collection.values import Connector, Layout, Mode, RunState
from quancheng.capabilities.people import queries as people
from quancheng.capabilities.tables import actions as tables
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,58}\Z")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,200}\Z")
_LONGEST = 525_600  # minutes of a year


@action("collection.feed.create")
def create_feed(
    call: Call,
    *,
    code: str,
    zh: str,
    organ: str,
    connector: str,
    en: str = "",
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    mode: str = Mode.FULL.value,
    period_minutes: int = 0,
    sla_minutes: int = 0,
    entry: str = "",
    simulated: bool = False,
) -> Feed:
    """建立归集任务 as a draft; its columns are agreed in :func:`agree_layout`.

    Raises InvalidInput (fields), Conflict when the code is taken, Forbidden outside the own organ.
    """
    facts = {"zh": zh, "en": en, "connector": connector, "mode": mode, "entry": entry}
    wrong = _faults(facts, dict(settings or {}), period_minutes, sla_minutes)
    if not _CODE.match(code):
        wrong["code"] = Text(
            "编码用小写字母、数字和连字符，至少2位。", "Small letters, digits and hyphens, two at least."
        )
    if wrong:
        raise InvalidInput(fields=wrong)
    if Feed.objects.filter(code=code).exists():
        raise Conflict(Text(f"编码 {code} 已被使用。", f"The code {code} is taken."))
    feed = Feed(
        code=code, zh=zh.strip(), en=en.strip(), organ=people.department(organ), owner_id=call.actor.user_id,
        connector=connector, mode=mode, settings=dict(settings or {}), sealed=sealing.seal(secrets or {}),
        period_minutes=period_minutes, sla_minutes=sla_minutes, entry=entry.strip(), created_at=call.at,
        created_by=str(call.actor)[:120], changed_at=call.at, simulated=simulated or call.actor.simulated,
    )  # fmt: skip
    feed.save()
    access.require(call.actor, "configure", feed)
    audit.note(code=code, organ=organ, connector=connector)
    return feed


def _faults(facts: Mapping[str, str], settings: dict[str, Any], period: int, sla: int) -> dict[str, Text]:
    wrong: dict[str, Text] = {}
    if not facts["zh"].strip() or len(facts["zh"]) > 120:
        wrong["zh"] = Text("请填写名称，不超过120字。", "A name of at most 120 characters.")
    if facts["connector"] not in {one.value for one in Connector}:
        return wrong | {"connector": Text("没有这种接入方式。", "There is no such connector.")}
    if facts["mode"] not in {one.value for one in Mode}:
        wrong["mode"] = Text("没有这种归集方式。", "There is no such mode.")
    for name, minutes in (("period_minutes", period), ("sla_minutes", sla)):
        if not 0 <= minutes <= _LONGEST:
            wrong[name] = Text("为0到525600分钟。", "0 to 525600 minutes.")
    if facts["entry"].strip() and catalogue.trusted_entry(facts["entry"].strip()) is None:
        wrong["entry"] = Text("目录中没有这个编码。", "The catalogue has no such code.")
    return wrong | kind_of(facts["connector"]).faults(settings)


@action("collection.feed.change", idempotent=False)
def change_feed(
    call: Call,
    *,
    code: str,
    zh: str | None = None,
    en: str | None = None,
    settings: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    period_minutes: int | None = None,
    sla_minutes: int | None = None,
    entry: str | None = None,
) -> Feed:
    """修改归集任务: what is not given stays; secrets that are not given stay, an empty one is removed."""
    feed = _feed(call, code)
    facts = {
        "zh": feed.zh if zh is None else zh,
        "en": feed.en,
        "connector": feed.connector,
        "mode": feed.mode,
    }
    facts["entry"] = feed.entry if entry is None else entry
    feed.settings = feed.settings if settings is None else dict(settings)
    feed.period_minutes = feed.period_minutes if period_minutes is None else period_minutes
    feed.sla_minutes = feed.sla_minutes if sla_minutes is None else sla_minutes
    if wrong := _faults(facts, feed.settings, feed.period_minutes, feed.sla_minutes):
        raise InvalidInput(fields=wrong)
    feed.zh, feed.en = facts["zh"].strip(), feed.en if en is None else en.strip()
    if facts["entry"].strip() != feed.entry:
        feed.entry = facts["entry"].strip()
        _hang(call, feed)
    if secrets:
        feed.sealed = sealing.seal(sealing.unseal(feed.sealed) | dict(secrets))
    if feed.state == Feed.State.ACTIVE:
        feed.next_at = call.at if feed.period_minutes else None
    feed.changed_at = call.at
    feed.save()
    audit.note(code=code, secrets=sorted(secrets or {}))
    return feed


def _feed(call: Call, code: str, verb: str = "configure") -> Feed:
    found: Feed | None = access.visible(call.actor, Feed).select_related("organ").filter(code=code).first()
    if found is None:
        access.require(call.actor, verb, Feed)
        raise NotFound(Text(f"没有归集任务 {code[:60]}。", f"There is no feed {code[:60]}."))
    access.require(call.actor, verb, found)
    return found


@action("collection.feed.sample", idempotent=False)
def set_sample(call: Call, *, code: str, digest: str, name: str) -> Feed:
    """设置样例: the kept file (``rawfiles.keep``) from which head and columns are proposed."""
    feed = _feed(call, code)
    if not rawfiles.path_of(digest).is_file():
        raise InvalidInput(fields={"sample": Text("样例文件不存在。", "There is no such sample.")})
    feed.sample, feed.sample_name, feed.trial, feed.changed_at = digest, name[:200], {}, call.at
    feed.save()
    audit.note(code=code, digest=digest)
    return feed


@action("collection.feed.trial", idempotent=False)
def start_trial(call: Call, *, code: str) -> Feed:
    """试运行: fetch a sample in the background; what was read is shown before anything is agreed."""
    feed = _feed(call, code)
    feed.trial = {"state": "running", "at": call.at.isoformat()}
    feed.save(update_fields=["trial"])
    jobs.enqueue("collection.trial", {"feed": feed.pk}, key=f"trial-{feed.pk}-{call.at.timestamp()}")
    audit.note(code=code)
    return feed


@action("collection.feed.tried", idempotent=False)
def record_trial(
    call: Call,
    *,
    feed_id: int,
    digest: str = "",
    name: str = "",
    trace: Sequence[Mapping[str, Any]] = (),
    text: Text | None = None,
) -> Feed:
    """试运行结果: the sample, or why there is none."""
    feed: Feed = Feed.objects.get(pk=feed_id)
    access.require(call.actor, "configure", feed)
    feed.trial = {"state": "failed" if text else "done", "trace": list(trace), "at": call.at.isoformat()}
    if text:
        feed.trial["text"] = text.to_dict()
    else:
        feed.sample, feed.sample_name = digest, name[:200]
    feed.save(update_fields=["trial", "sample", "sample_name"])
    events.emit("collection.feed.tried", feed.code, {"feed": feed.code, "good": text is None})
    audit.note(code=feed.code, good=text is None)
    return feed


@action("collection.feed.agree")
def agree_layout(
    call: Call,
    *,
    code: str,
    columns: Sequence[Mapping[str, Any]],
    key: Sequence[str],
    layout: Mapping[str, Any],
    table_id: str = "",
) -> Feed:
    """约定信息项: columns of the table, key, how the source's columns become them; the feed is active then.

    The first time it makes the data table (or takes ``table_id``, if its columns fit); later it may only
    add columns. Raises InvalidInput (fields), Conflict when the table cannot follow.
    """
    feed = _feed(call, code)
    agreed = Layout.of(layout)
    if wrong := faults_of_columns(columns, key) | faults_of_layout(agreed, columns, key):
        raise InvalidInput(fields=wrong)
    schema, system = table_schema(columns, key), Call.system("collection", simulated=feed.simulated)
    if feed.table_id:
        tables.evolve_table(system, table_id=str(feed.table_id), schema=schema)
    elif table_id:
        feed.table_id = table_id
        tables.evolve_table(system, table_id=table_id, schema=schema)
    else:
        made = tables.create_table(
            system, name=f"collection-{feed.code}", zh=feed.zh, en=feed.en or feed.zh, schema=schema,
            owner=feed.organ.code, simulated=feed.simulated,
        )  # fmt: skip
        feed.table_id = made.table_id
    feed.columns, feed.key, feed.layout = [dict(one) for one in columns], list(key), agreed.to_dict()
    feed.last_digest, feed.changed_at = "", call.at
    _activate(call, feed)
    feed.save()
    _hang(call, feed)
    audit.note(code=code, columns=len(columns), key=list(key), table=str(feed.table_id))
    events.emit("collection.feed.agreed", feed.code, {"feed": feed.code, "table": str(feed.table_id)})
    return feed


def _hang(call: Call, feed: Feed) -> None:
    """Hang the feed's table on its catalogue entry; one that waits for a decision just now stays as it is."""
    if not feed.entry or not feed.table_id or catalogue.entry_of_table(feed.table_id) is not None:
        return
    system = Call.system("collection", simulated=feed.simulated)
    try:
        with transaction.atomic():
            catalogue_actions.link_table(system, entry=feed.entry, table_id=str(feed.table_id))
    except (Conflict, NotFound, Forbidden) as other:
        audit.note(entry=feed.entry, not_linked=other.detail.zh)


def _activate(call: Call, feed: Feed) -> None:
    feed.state, feed.failures = Feed.State.ACTIVE, 0
    feed.active_since = feed.active_since or call.at
    feed.next_at = call.at if feed.period_minutes else None


@action("collection.feed.state", idempotent=False)
def set_state(call: Call, *, code: str, state: str, note: str = "") -> Feed:
    """启用、暂停、停用: pausing leaves an open run alone; resuming closes a tripped circuit."""
    feed = _feed(call, code)
    if state not in (Feed.State.ACTIVE, Feed.State.PAUSED, Feed.State.RETIRED):
        raise InvalidInput(fields={"state": Text("没有这种状态。", "There is no such state.")})
    if feed.state in (Feed.State.DRAFT, Feed.State.RETIRED) or feed.state == state:
        raise Conflict(Text("任务的当前状态不能这样改变。", "The feed cannot be changed in this way now."))
    if state == Feed.State.RETIRED and Run.objects.filter(feed=feed, state=RunState.HELD.value).exists():
        raise Conflict(Text("请先处理待决的运行。", "Decide about the held run first."))
    audit.note(code=code, before=feed.state, after=state, note=note[:300])
    if state == Feed.State.ACTIVE:
        _activate(call, feed)
    else:
        feed.state, feed.next_at = state, None
    feed.changed_at = call.at
    feed.save()
    events.emit("collection.feed.state_changed", feed.code, {"feed": feed.code, "state": state})
    return feed


# -- addresses --------------------------------------------------------------------------------
@action("collection.address.register", idempotent=False)
def register_address(
    call: Call, *, host: str, organ: str, port: int = 0, private: bool = False, note: str = ""
) -> Address:
    """登记地址: connectors may reach this host from now on; ``private``: it is on the government or an inner network."""
    access.require(call.actor, "register", Address)
    name = host.strip().lower().rstrip(".")
    if not _HOST.match(name):
        raise InvalidInput(fields={"host": Text("请填写主机名或地址。", "A host name or address.")})
    if not 0 <= port <= 65535:
        raise InvalidInput(fields={"port": Text("端口为0到65535，0为任意。", "0 to 65535; 0 is any.")})
    address, made = Address.objects.get_or_create(
        host=name,
        port=port,
        defaults={
            "private": private, "organ": people.department(organ), "note": note[:300],
            "registered_by": str(call.actor)[:120], "registered_at": call.at,
        },
    )  # fmt: skip
    if not made:
        raise Conflict(Text("该地址已登记。", "The address is registered already."))
    audit.note(host=name, port=port, private=private, organ=organ)
    return address


@action("collection.address.remove", idempotent=False)
def remove_address(call: Call, *, address_id: int) -> None:
    """撤销登记: the next connection to it is refused."""
    found: Address | None = access.visible(call.actor, Address).filter(pk=address_id).first()
    access.require(call.actor, "register", Address)
    if found is None:
        raise NotFound(Text("没有这个登记地址。", "There is no such address."))
    audit.note(host=found.host, port=found.port)
    found.delete()
