"""Reads of the chain: proofs for anybody, supervision for those who watch it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Max, Q

from quancheng.capabilities.chain import nodekeys, threads, tree
from quancheng.capabilities.chain.models import AnchorTx, Entry, Evidence, Head, Member, SeenHead, Shard, Tile
from quancheng.capabilities.chain.scenes import scenes
from quancheng.capabilities.chain.values import HISTORY, MemberRow, Receipt, SceneRow
from quancheng.core.merkle import ProofError
from quancheng.core.text import Text
from quancheng.core.tlog import (
    Bundle,
    LogFault,
    MemberSeen,
    Opening,
    Witnessed,
    health,
    read_bundle,
    verify_bundle,
    without_grant,
    witnessed,
    write_bundle,
)
from quancheng.kernel import access, clock, pagination, rulebook
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound
from quancheng.kernel.events.models import OutboxEvent

_NEVER = 2**63
PENDING = Text("已存证，等待下一个检查点。", "Anchored; waiting for the next checkpoint.")


# -- for anybody
def shard_named(origin: str) -> Shard:
    """A shard, the newest without a name. Raises NotFound."""
    rows = Shard.objects.order_by("-opened_at")
    if "\0" in origin:  # no text of PostgreSQL
        raise NotFound()
    found: Shard | None = (rows.filter(origin=origin) if origin else rows).first()
    if found is None:
        raise NotFound()
    return found


def newest_head(origin: str = "") -> Head:
    """The newest head of a shard; witnesses come to it within seconds. Raises NotFound."""
    rows = Head.objects.filter(shard=shard_named(origin)).select_related("shard")
    found: Head | None = rows.order_by("-size").first()
    if found is None:
        raise NotFound()
    return found


def consistency(origin: str, old: int, new: int) -> tuple[bytes, ...]:
    """A consistency proof between sizes that were published. Raises NotFound, InvalidInput."""
    shard = shard_named(origin)
    if not 0 <= old <= new <= shard.size:
        said = Text(
            f"日志现有 {shard.size} 条，须 0 ≤ old ≤ new。",
            f"The log has {shard.size} entries; 0 ≤ old ≤ new.",
        )
        raise InvalidInput(said)
    return tree.consistency(shard, old, new)


def tile(origin: str, level: int, number: int, width: int) -> bytes:
    """Hashes of a tile. Raises NotFound (not so wide yet)."""
    shard = shard_named(origin)
    row = Tile.objects.filter(shard=shard, level=level, number=number).first()
    data = bytes(row.data)[: width * shard.tree.size] if row else b""
    if not 0 < width <= 256 or len(data) < width * shard.tree.size:
        raise NotFound()
    return data


def policy_document() -> dict[str, Any]:
    """Keys, hash of each shard, witnesses and quorum, as plain data."""
    shards = {one.origin: one.hasher for one in Shard.objects.order_by("origin")}
    members = nodekeys.members()
    return {
        "format": "quancheng-policy/1",
        "log": nodekeys.log_key().text(),
        "shards": shards,
        "witnesses": [one.witness_key for one in members],
        "needed": nodekeys.needed(len(members)),
        "witness_of_others": nodekeys.witness_key().text(),
    }


def receipt_of(entry: Entry) -> Receipt | None:
    """The receipt of an entry under the first head that holds it, witnessed if there is one; None before."""
    head = _head_over(entry)
    if head is None:
        return None
    path = tree.inclusion(entry.shard, entry.index, head.size)
    bundle = Bundle(entry.index, head.size, path, bytes(entry.leaf), head.note)
    return Receipt(
        entry.scene, entry.reference,
        bytes(entry.digest) if entry.digest is not None else None,
        bytes(entry.salt) if entry.salt is not None else None,
        write_bundle(bundle), entry.shard.origin, entry.index, head.witnesses, head.needed, entry.at,
    )  # fmt: skip


def _head_over(entry: Entry) -> Head | None:
    """The first head over an entry that the policy of now accepts: the alliance may have changed since."""
    heads = Head.objects.filter(shard_id=entry.shard_id, size__gt=entry.index)
    rule = nodekeys.policy({entry.shard.origin: entry.shard.tree})
    good = heads.exclude(witnessed_at=None).filter(witnesses__gte=rule.needed)
    for head in (good.order_by("size").first(), good.order_by("-size").first()):
        with contextlib.suppress(LogFault):
            if head is not None and witnessed(head.note, rule):
                return head  # type: ignore[no-any-return]
    return heads.order_by("-size").first()  # type: ignore[no-any-return]


def entry_for(scene: str, reference: str) -> Entry | None:
    """The entry of a business number in a scene."""
    rows = Entry.objects.filter(scene=scene, reference=reference).select_related("shard")
    return rows.order_by("pk").first()  # type: ignore[no-any-return]


def proof_of(origin: str, index: int) -> Receipt:
    """The proof of a leaf, without what opens it: leaves tell nothing. Raises NotFound."""
    shard = shard_named(origin)
    entry = Entry.objects.filter(shard=shard, index=index).select_related("shard").first()
    found = receipt_of(entry) if entry is not None else None
    if found is None:
        raise NotFound()
    return found


def check(data: bytes, opening: Opening | None = None) -> Witnessed:
    """Check a bundle with this city's policy. Raises InvalidInput with the reason."""
    shards = {one.origin: one.tree for one in Shard.objects.all()}
    try:
        return verify_bundle(read_bundle(data), nodekeys.policy(shards), opening)
    except (LogFault, ProofError) as wrong:
        said = Text(f"证明不成立：{wrong}", f"The proof does not hold: {wrong}")
        raise InvalidInput(said, fields={"bundle": said}) from None


# -- supervision
def scene_rows(actor: Actor, params: Mapping[str, str]) -> list[SceneRow]:
    """Coverage of each scene in the days of the rule book, the worst first. Filters: group, q.

    What happened is counted in the outbox, what is anchored in the log: two books, kept apart.
    """
    since = clock.now() - timedelta(days=rulebook.find("chain.coverage_days").integer())
    settled = clock.now() - timedelta(seconds=rulebook.find("chain.late_seconds").integer())
    late_after = timedelta(seconds=rulebook.find("chain.late_seconds").integer())
    happened = dict(
        OutboxEvent.objects.filter(time__gte=since, time__lte=settled, virtual=False)
        .values_list("type")
        .annotate(n=Count("pk"))
        .order_by()
    )
    visible = access.visible(actor, Entry).filter(happened_at__gte=since, happened_at__lte=settled)
    anchored = {
        row["scene"]: row
        for row in visible.values("scene").annotate(
            n=Count("pk"), last=Max("at"), late=Count("pk", filter=Q(at__gt=F("happened_at") + late_after))
        )
    }
    rows = []
    for one in scenes():
        here = anchored.get(one.code, {"n": 0, "late": 0, "last": None})
        total = happened.get(one.counted, 0) if one.counted else here["n"]
        rows.append(
            SceneRow(one.code, one.text, one.group_text, total, here["n"], here["late"], here["last"])
        )
    if group := params.get("group", ""):
        wanted = {one.code for one in scenes() if one.group == group}
        rows = [row for row in rows if row.code in wanted]
    if words := params.get("q", "").strip():
        rows = [row for row in rows if words in row.text.zh or words.lower() in row.text.en.lower()]
    return sorted(rows, key=lambda row: (row.percent is None, row.percent or 0.0, row.code))


def uses_without_grant(actor: Actor) -> list[Entry]:
    """Uses of the days looked at whose grant does not stand before them in the log, or was withdrawn before.

    From the log alone, in its own order: whoever keeps the data has no say in it.
    """
    since = clock.now() - timedelta(days=rulebook.find("chain.coverage_days").integer())
    rows = access.visible(actor, Entry).filter(scene=threads.USE, at__gte=since).select_related("shard")
    uses = {str(one.pk): one for one in rows}
    named = {threads.thread_of(one.reference) for one in uses.values()}
    ends = threads.first_of(threads.WITHDRAW, named)
    grants = {
        thread: (one.pk, ends[thread].pk if thread in ends else _NEVER)
        for thread, one in threads.first_of(threads.GRANT, named).items()
    }
    asked = [(key, threads.thread_of(one.reference), one.pk) for key, one in uses.items()]
    return [uses[key] for key in without_grant(asked, grants)]


def member_rows(actor: Actor) -> list[MemberRow]:
    """Members and how they do, the sick first."""
    now = clock.now()
    silent = rulebook.find("chain.silent_seconds").integer()
    most = rulebook.find("chain.skew_seconds").integer()
    seen = dict(SeenHead.objects.values_list("member_id").annotate(size=Max("size")).order_by())
    forked = set(Evidence.objects.values_list("member_id", flat=True))
    rows = []
    for one in access.visible(actor, Member).order_by("name"):
        answered = int(one.answered_at.timestamp()) if one.answered_at else None
        claimed = int(one.claimed_at.timestamp()) if one.claimed_at else None
        state = health(
            MemberSeen(one.name, answered, claimed, one.pk in forked, one.fault.startswith(HISTORY)),
            int(now.timestamp()), silent_after=silent, most_skew=most,
        )  # fmt: skip
        skew = claimed - answered if claimed is not None and answered is not None else None
        rows.append(MemberRow(one, state, seen.get(one.pk), skew))
    return sorted(rows, key=lambda row: (row.kind == "ok", row.kind == "warn", row.member.name))


def member(actor: Actor, name: str) -> Member:
    """One member. Raises NotFound."""
    found: Member | None = access.visible(actor, Member).filter(name=name).first()
    if found is None:
        raise NotFound()
    return found


def evidence(actor: Actor, limit: int = 50) -> list[Any]:
    """Forks found, the newest first."""
    rows = access.visible(actor, Evidence).select_related("member").order_by("-found_at")
    return list(rows[:limit])


def entries(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Entries of the log. Filters: scene, q (reference), late, ungranted (uses without a live grant)."""
    rows = access.visible(actor, Entry).select_related("shard")
    if scene := params.get("scene", ""):
        rows = rows.filter(scene=scene)
    if words := params.get("q", "").strip():
        rows = rows.filter(reference__startswith=words)
    if params.get("ungranted"):
        rows = rows.filter(pk__in=[one.pk for one in uses_without_grant(actor)][:500])
    if params.get("late"):
        late = timedelta(seconds=rulebook.find("chain.late_seconds").integer())
        rows = rows.filter(at__gt=F("happened_at") + late)
    return pagination.page(rows, ("-at", "-id"), params)


def heads(actor: Actor, limit: int = 20) -> list[Any]:
    """The latest checkpoints."""
    return list(access.visible(actor, Head).select_related("shard").order_by("-made_at")[:limit])


def anchor_summary(actor: Actor) -> dict[str, Any] | None:
    """How the alliance chain's contract stands: its height, what waits, is late or refused; None without one."""
    rows = access.visible(actor, AnchorTx)
    last = rows.filter(kind=AnchorTx.Kind.DEPLOY).order_by("-pk").first()
    if last is None:
        return None
    rows = rows.filter(engine=last.engine).exclude(kind=AnchorTx.Kind.DEPLOY)
    done = rows.filter(state=AnchorTx.State.DONE)
    waiting = rows.filter(state__in=(AnchorTx.State.WAITING, AnchorTx.State.SENT))
    late = timedelta(seconds=rulebook.find("chain.anchor_late_seconds").integer())
    head = done.filter(kind=AnchorTx.Kind.CHECKPOINT).select_related("head__shard").order_by("-pk").first()
    return {
        "engine": last.engine, "head": head, "block": done.aggregate(block=Max("block"))["block"],
        "done": done.count(), "waiting": waiting.count(),
        "late": waiting.filter(due_at__lt=clock.now() - late).count()
        + done.filter(done_at__gt=F("due_at") + late, due_at__gte=last.due_at).count(),
        "refused": rows.filter(state=AnchorTx.State.REFUSED).count(),
    }  # fmt: skip


def summary(actor: Actor) -> dict[str, Any]:
    """Figures of the supervision page."""
    head = access.visible(actor, Head).select_related("shard").order_by("-made_at").first()
    rows = scene_rows(actor, {})
    lived = [row for row in rows if row.happened]
    return {
        "scenes": len(rows),
        "lively": len(lived),
        "anchored": sum(row.anchored for row in rows),
        "missing": sum(max(0, row.happened - row.anchored) for row in rows),
        "late": sum(row.late for row in rows),
        "ungranted": uses_without_grant(actor),
        "head": head,
        "anchor": anchor_summary(actor),
    }
