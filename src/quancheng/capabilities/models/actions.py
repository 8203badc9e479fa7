"""The writers of the registry: register, add a version, evaluate, approve, put to use, go back, retire."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db.models import Max

from quancheng.capabilities.models import checking
from quancheng.capabilities.models.models import Evaluation, Model, Task, Use, Version
from quancheng.capabilities.models.values import (
    HIGHER_IS_BETTER,
    QUALITY,
    JobStatus,
    Outcome,
    Risk,
    State,
    worse,
)
from quancheng.core.text import Text
from quancheng.kernel import access, audit, events, jobs, rulebook
from quancheng.kernel.actions import Call, action
from quancheng.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound


@action("models.model.register")
def register_model(
    call: Call,
    *,
    code: str,
    name: Text,
    purpose: Text,
    organ_id: int,
    licence: str,
    risk: Risk,
    uses: Sequence[str] = (),
    simulated: bool = False,
) -> Model:
    """登记模型. Raises Forbidden (another organ's), Conflict (the code is taken)."""
    if Model.objects.filter(code=code).exists():
        raise Conflict(Text(f"模型编码 {code} 已被使用。", f"Code {code} of models is taken."))
    row = Model(
        code=code,
        name=name.to_dict(),
        purpose=purpose.to_dict(),
        organ_id=organ_id,
        licence=licence,
        risk=str(risk),
        uses=list(uses),
        created_at=call.at,
        simulated=simulated or call.actor.simulated,
    )
    row.save()
    access.require(call.actor, "manage", row)
    audit.note(model=code)
    return row


def _examined(call: Call, *, sha256: str, **_rest: Any) -> dict[str, Any]:
    return checking.examine(sha256)


@action("models.version.add", prepare=_examined)
def add_version(
    call: Call,
    *,
    code: str,
    sha256: str,
    provenance: str,
    card: str = "",
    prepared: dict[str, Any] | None = None,
) -> Version:
    """新版本: a kept file (``checking.keep``) becomes the next draft, tried in a limited process before.

    Raises NotFound, Forbidden, InvalidInput (the file is refused), Conflict (the same file again).
    """
    model = _model(code)
    access.require(call.actor, "manage", model)
    if model.versions.filter(sha256=sha256).exists():
        raise Conflict(Text("这个文件已是该模型的一个版本。", "This file is a version of the model already."))
    if not provenance.strip():
        text = Text("请说明模型从哪里来。", "Say where the model comes from.")
        raise InvalidInput(fields={"provenance": text})
    last = model.versions.aggregate(last=Max("number"))["last"] or 0
    row: Version = Version.objects.create(
        model=model,
        number=last + 1,
        sha256=sha256,
        facts=prepared,
        provenance=provenance,
        card=card,
        state=str(State.DRAFT),
        made_by=call.actor.user_id or 0,
        made_name=call.actor.name,
        made_at=call.at,
    )
    audit.note(model=code, version=row.number, sha256=sha256)
    return row


@action("models.version.evaluate")
def record_evaluation(
    call: Call,
    *,
    version_id: int,
    dataset: str,
    dataset_version: str,
    rows: int,
    metrics: Mapping[str, float],
) -> Evaluation:
    """评测: metrics measured on a named version of a data set. Raises InvalidInput, Conflict."""
    version = _version(version_id)
    access.require(call.actor, "manage", version.model)
    if State(version.state) is State.RETIRED:
        raise Conflict(Text("已停用的版本不再评测。", "A retired version is evaluated no more."))
    _sensible(dataset, dataset_version, rows, metrics)
    made: Evaluation = Evaluation.objects.create(
        version=version,
        dataset=dataset,
        dataset_version=dataset_version,
        rows=rows,
        metrics=dict(metrics),
        made_name=call.actor.name,
        made_at=call.at,
    )
    if State(version.state) is State.DRAFT:
        _move(version, State.EVALUATED)
    return made


def _sensible(dataset: str, dataset_version: str, rows: int, metrics: Mapping[str, float]) -> None:
    faults: dict[str, Text] = {}
    if not dataset.strip() or not dataset_version.strip():
        faults["dataset"] = Text("请写明数据集及其版本。", "Name the data set and its version.")
    if rows < 1:
        faults["rows"] = Text("样本数至少为 1。", "At least one row.")
    if not set(metrics) & set(QUALITY):
        faults["metrics"] = Text("至少要有一个质量指标。", "At least one metric of quality is needed.")
    for name, value in metrics.items():
        known = name in HIGHER_IS_BETTER and math.isfinite(value) and value >= 0
        # an error rate of characters may be above one, when more is inserted than there is
        if not known or (name in QUALITY and name != "cer" and value > 1):
            faults["metrics"] = Text(f"指标 {name} 的值不对。", f"Metric {name} has no sensible value.")
    if faults:
        raise InvalidInput(fields=faults)


@action("models.version.approve")
def approve_version(call: Call, *, version_id: int, note: str = "") -> Version:
    """批准: by a person other than the one who made the version. Raises Forbidden, Conflict."""
    version = _version(version_id)
    access.require(call.actor, "approve", version.model)
    if call.actor.user_id is None or call.actor.user_id == version.made_by:
        raise Forbidden(Text("不能批准自己登记的版本。", "One's own version is approved by another person."))
    if State(version.state) is not State.EVALUATED:
        raise Conflict(
            Text("只有已评测、未批准的版本可以批准。", "Only an evaluated version can be approved.")
        )
    version.approved_by, version.approved_name = call.actor.user_id, call.actor.name
    version.approved_at, version.note = call.at, note
    return _move(version, State.APPROVED)


@action("models.version.activate")
def activate_version(call: Call, *, version_id: int, share: int = 100, reason: str = "") -> Version:
    """启用: for all calls, or for a share of them (灰度) beside the active one.

    Raises Conflict (not approved), InvalidInput (worse than the active one and no reason given).
    """
    version = _version(version_id)
    access.require(call.actor, "manage", version.model)
    if State(version.state) not in (State.APPROVED, State.ACTIVE):
        raise Conflict(
            Text("未经批准的版本不能启用。", "A version that is not approved cannot be put to use.")
        )
    others = list(version.model.versions.filter(state=str(State.ACTIVE)).exclude(pk=version.pk))
    if not 1 <= share <= 100 or (share < 100 and not others):
        text = Text(
            "流量为 1 至 100；没有其他在用版本时只能是 100。",
            "A share is 1 to 100, and 100 when no other version is in use.",
        )
        raise InvalidInput(fields={"share": text})
    _not_worse(version, others, reason)
    for other in others:
        if share == 100:
            other.share = 0
            _move(other, State.APPROVED)
        else:
            other.share = 0
            other.save(update_fields=["share"])
    if share < 100:
        first = max(others, key=lambda one: (one.activated_at, one.pk))
        first.share = 100 - share
        first.save(update_fields=["share"])
    version.share, version.activated_at, version.note = share, call.at, reason or version.note
    _move(version, State.ACTIVE)
    _tell("models.version.activated", version)
    return version


def _not_worse(version: Version, others: Sequence[Version], reason: str) -> None:
    if reason.strip():
        return
    tolerance = rulebook.find("models.worse_most_permille").integer() / 1000
    for other in others:
        mine, theirs = _compared(version, other)
        if losses := worse(mine, theirs, tolerance):
            told = "、".join(f"{name} {loss:.4f}" for name, loss in losses.items())
            text = Text(
                f"比在用的第 {other.number} 版差（{told}）；仍要启用请写明理由。",
                f"Worse than version {other.number} in use ({told}); give a reason to use it nevertheless.",
            )
            raise InvalidInput(text, fields={"reason": text})


def _compared(version: Version, other: Version) -> tuple[dict[str, float], dict[str, float]]:
    """The latest metrics of both on the same data; none of mine there counts as worse."""
    theirs = other.evaluations.order_by("-made_at", "-pk").first()
    if theirs is None:
        return {}, {}
    same = version.evaluations.filter(dataset=theirs.dataset, dataset_version=theirs.dataset_version)
    mine = same.order_by("-made_at", "-pk").first()
    return (mine.metrics if mine else {}), theirs.metrics


@action("models.version.roll_back")
def roll_back(call: Call, *, code: str, reason: str) -> Version:
    """回退: the version that was in use before is in use again, at once. Raises Conflict, InvalidInput."""
    model = _model(code)
    access.require(call.actor, "manage", model)
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请写明回退理由。", "Give the reason.")})
    active = list(model.versions.filter(state=str(State.ACTIVE)).order_by("-activated_at", "-pk"))
    if not active:
        raise Conflict(Text("没有在用的版本。", "No version is in use."))
    earlier = (
        model.versions.filter(state__in=[str(State.ACTIVE), str(State.APPROVED)])
        .exclude(pk=active[0].pk)
        .filter(activated_at__isnull=False)
        .order_by("-activated_at", "-pk")
        .first()
    )
    if earlier is None:
        raise Conflict(
            Text("没有可回退的版本；如需停用请停用当前版本。", "No earlier version; retire the current one.")
        )
    for one in active:
        if one.pk != earlier.pk:
            one.share, one.note = 0, reason
            # what was taken back is not put to use again: a new version follows
            _move(one, State.RETIRED)
    earlier.share = 100
    _move(earlier, State.ACTIVE)
    audit.note(model=code, version=earlier.number, reason=reason)
    _tell("models.version.activated", earlier)
    return earlier


@action("models.version.retire")
def retire_version(call: Call, *, version_id: int, reason: str) -> Version:
    """停用. Raises Conflict (retired already, or part of the traffic is its own), InvalidInput."""
    version = _version(version_id)
    access.require(call.actor, "manage", version.model)
    if not reason.strip():
        raise InvalidInput(fields={"reason": Text("请写明停用理由。", "Give the reason.")})
    if State(version.state) is State.RETIRED:
        raise Conflict(Text("该版本已停用。", "The version is retired already."))
    others = version.model.versions.filter(state=str(State.ACTIVE)).exclude(pk=version.pk)
    if State(version.state) is State.ACTIVE and others.exists():
        raise Conflict(
            Text(
                "该版本正分担流量，请先回退或让另一版本全量。", "It has a share of traffic; roll back first."
            )
        )
    version.share, version.note = 0, reason
    _tell("models.version.retired", version)
    return _move(version, State.RETIRED)


@action("models.call.record")
def record_use(
    call: Call,
    *,
    process: str,
    version: str,
    caller: str,
    purpose: str,
    input_digest: str,
    result_digest: str,
    outcome: Outcome,
    milliseconds: int,
) -> Use:
    """调用留痕: one call of an algorithm, with digests instead of what went in and came out."""
    access.require(call.actor, "record", Use)
    made: Use = Use.objects.create(
        process=process,
        version=version,
        caller=caller,
        who=call.actor.name[:80],
        purpose=purpose[:200],
        input_digest=input_digest,
        result_digest=result_digest,
        outcome=str(outcome),
        milliseconds=milliseconds,
        at=call.at,
    )
    audit.note(process=process, version=version, outcome=str(outcome), inputs=input_digest)
    return made


@action("models.task.ask", idempotent=True)
def ask_task(call: Call, *, process: str, inputs: dict[str, Any], purpose: str = "") -> Task:
    """异步执行: a job that a worker takes up. The caller has checked the inputs. Raises NotSignedIn."""
    made = Task(
        code=uuid4(),
        process=process,
        user_id=call.actor.user_id or 0,
        purpose=purpose[:200],
        inputs=inputs,
        status=str(JobStatus.ACCEPTED),
        created_at=call.at,
    )
    made.save()
    access.require(call.actor, "ask", made)
    audit.note(process=process, job=str(made.code))
    jobs.enqueue("models.task", {"code": str(made.code)}, key=f"models.task:{made.code}")
    return made


@action("models.task.move")
def move_task(
    call: Call, *, code: str, status: JobStatus, outputs: Any = None, message: str = ""
) -> Task | None:
    """A job begins or ends; None when somebody dismissed it meanwhile. Inputs go when it ends."""
    task: Task | None = Task.objects.select_for_update().filter(code=code).first()
    if task is None or JobStatus(task.status) not in (JobStatus.ACCEPTED, JobStatus.RUNNING):
        access.require(call.actor, "run", Task)
        return None
    access.require(call.actor, "run", task)
    task.status, task.message = str(status), message[:300]
    if status is JobStatus.RUNNING:
        task.started_at = call.at
    else:
        task.finished_at, task.inputs, task.outputs = call.at, None, outputs
    task.save()
    audit.note(job=code, status=str(status))
    return task


@action("models.task.dismiss")
def dismiss_task(call: Call, *, code: str) -> Task:
    """撤销任务: it does not begin, or its result is thrown away. Raises NotFound, Forbidden."""
    task: Task | None = Task.objects.select_for_update().filter(code=code).first()
    if task is None:
        raise NotFound
    access.require(call.actor, "dismiss", task)
    task.status, task.inputs, task.outputs = str(JobStatus.DISMISSED), None, None
    task.finished_at = task.finished_at or call.at
    task.save()
    audit.note(job=code, status=task.status)
    return task


@action("models.task.prune")
def prune_tasks(call: Call, *, before: datetime) -> int:
    """Jobs that ended before a moment go, with their results."""
    access.require(call.actor, "prune", Task)
    count, _ = Task.objects.filter(finished_at__lt=before).delete()
    return int(count)


def _move(version: Version, state: State) -> Version:
    version.state = str(state)
    version.save()
    audit.note(model=version.model.code, version=version.number, state=version.state)
    return version


def _tell(kind: str, version: Version) -> None:
    code = version.model.code
    events.emit(kind, code, {"model": code, "version": version.number, "share": version.share})


def _model(code: str) -> Model:
    found: Model | None = Model.objects.select_for_update().filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def _version(pk: int) -> Version:
    found: Version | None = Version.objects.select_related("model").filter(pk=pk).first()
    if found is None:
        raise NotFound
    _model(found.model.code)
    found.refresh_from_db()
    return found
