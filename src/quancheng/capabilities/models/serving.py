"""算法服务: what can be called, by whom, and the one way to call it: checked, limited, recorded."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.crypto import salted_hmac

from quancheng.capabilities.models import actions, checking, pool, queries
from quancheng.capabilities.models.models import Model, Use, Version
from quancheng.capabilities.models.values import Algorithm, Outcome, State
from quancheng.core.text import Text
from quancheng.kernel import clock, rulebook
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind
from quancheng.kernel.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    NotSignedIn,
    PartnerFailed,
    TooMany,
    Unavailable,
)

MODEL = "model."
_TYPES = {"float": "number", "double": "number", "bool": "boolean"}
_pools: dict[int, pool.Pool] = {}


@dataclass(frozen=True, slots=True)
class Process:
    """可调用的算法: an algorithm of a module, or the version of a model that answers this call."""

    id: str
    algorithm: Algorithm
    uses: tuple[str, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)


def processes(actor: Actor) -> list[Process]:
    """What the asker may call: public algorithms for everybody, the rest for officials."""
    found = queries.algorithms(public_only=not _is_staff(actor))
    named = [_of_module(name, one) for name, one in found.items()]
    if not _is_staff(actor):
        return named
    rows = Model.objects.filter(versions__state=str(State.ACTIVE)).distinct().order_by("code")
    return named + [_of_model(one, "") for one in rows]


def process(actor: Actor, name: str, key: str = "") -> Process:
    """One of them; ``key`` decides which version answers when traffic is shared. Raises NotFound."""
    if name.startswith(MODEL) and _is_staff(actor):
        row = Model.objects.filter(code=name.removeprefix(MODEL), versions__state=str(State.ACTIVE)).first()
        if row is not None:
            return _of_model(row, key)
    found = queries.algorithms(public_only=not _is_staff(actor)).get(name)
    if found is None:
        raise NotFound(Text(f"没有算法 {name}。", f"There is no process {name}."))
    return _of_module(name, found)


def execute(call: Call, name: str, inputs: Mapping[str, Any], *, purpose: str = "", address: str = "") -> Any:
    """One call, recorded whatever comes of it. Not inside a transaction: it takes as long as it takes.

    Raises NotFound, NotSignedIn, Forbidden, InvalidInput (each fault at its input), TooMany (the day's
    quota), Unavailable (too many at once), PartnerFailed (the algorithm failed or was too late).
    """
    caller = caller_of(call.actor, address)
    digest = digest_of(inputs)
    chosen = process(call.actor, name, digest)
    allowed(call.actor, chosen, purpose, caller)
    began = time.monotonic()
    outcome, outputs, error = _run(chosen, inputs)
    actions.record_use(
        call,
        process=chosen.id,
        version=chosen.algorithm.version,
        caller=caller,
        purpose=purpose,
        input_digest=digest,
        result_digest=digest_of(outputs) if outcome is Outcome.DONE else "",
        outcome=outcome,
        milliseconds=int(1000 * (time.monotonic() - began)),
    )
    if error is not None:
        raise error
    return outputs


def allowed(actor: Actor, chosen: Process, purpose: str, caller: str) -> None:
    """Purpose named and within the model's uses, the day's quota not used up."""
    if not chosen.algorithm.public:
        if not purpose.strip():
            text = Text("请写明调用用途。", "Say what it is called for.")
            raise InvalidInput(fields={"purpose": text})
        if chosen.uses and purpose not in chosen.uses:
            told = "、".join(chosen.uses)
            raise Forbidden(Text(f"该模型只允许用于：{told}。", f"The model may only be used for: {told}."))
    if actor.kind is ActorKind.SYSTEM:
        return
    name = "models.calls_per_day" if actor.is_authenticated else "models.public_calls_per_day"
    most = rulebook.find(name).integer()
    midnight = clock.now().astimezone(clock.LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    if Use.objects.filter(caller=caller, at__gte=midnight).count() >= most:
        raise TooMany(Text(f"今天的调用次数已到上限 {most} 次。", f"The {most} calls of today are used up."))


def check(chosen: Process, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Checked inputs as the worker gets them. Raises InvalidInput."""
    queries.check(chosen.algorithm, inputs)
    settle = chosen.algorithm.settle
    return settle(inputs) if settle is not None else inputs


def _run(chosen: Process, inputs: Mapping[str, Any]) -> tuple[Outcome, Any, Exception | None]:
    try:
        told = serving().call(chosen.id, {**chosen.body, "inputs": dict(check(chosen, inputs))})
    except InvalidInput as wrong:
        return Outcome.REFUSED, None, wrong
    except pool.Full:
        busy = Text("调用太多，请稍后再试。", "Too many calls at the moment; try again in a while.")
        return Outcome.BUSY, None, Unavailable(busy)
    except pool.Late:
        late = Text("算法没有按时算完，已中止。", "The algorithm did not finish in time and was stopped.")
        return Outcome.LATE, None, PartnerFailed(late)
    except pool.Died:
        died = Text("算法两次异常退出。", "The algorithm ended abnormally, twice.")
        return Outcome.FAILED, None, PartnerFailed(died)
    if "refused" in told:
        faults = {name: Text.of(text) for name, text in told["refused"].items()}
        return Outcome.REFUSED, None, InvalidInput(fields=faults)
    if "failed" in told:
        failed = Text(f"算法出错：{told['failed']}", f"The algorithm failed: {told['failed']}")
        return Outcome.FAILED, None, PartnerFailed(failed)
    return Outcome.DONE, told["outputs"], None


def serving() -> pool.Pool:
    """The pool of this process (a fork makes its own)."""
    here = os.getpid()
    if here not in _pools:
        number = {
            name: rulebook.find(f"models.{name}").integer()
            for name in ("workers", "waiting_most", "each_most", "call_seconds", "worker_mb")
        }
        _pools[here] = pool.Pool(
            pool.Limits(
                workers=number["workers"],
                waiting=number["waiting_most"],
                each=number["each_most"],
                seconds=float(number["call_seconds"]),
                memory=number["worker_mb"],
            )
        )
    return _pools[here]


def caller_of(actor: Actor, address: str = "") -> str:
    """Who is counted: a user, a module, or the address of somebody not signed in. Raises NotSignedIn."""
    if actor.kind is ActorKind.SYSTEM:
        return f"system:{actor.name}"[:80]
    if actor.user_id is not None:
        return f"user:{actor.user_id}"
    if not address:
        raise NotSignedIn
    # keyed: all addresses there are could be tried against a plain digest
    said = f"{clock.today().isoformat()} {address}"
    return "address:" + salted_hmac("quancheng.models.caller", said, algorithm="sha256").hexdigest()[:40]


def digest_of(value: Any) -> str:
    """SHA-256 of a JSON value, keys in order."""
    said = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def _is_staff(actor: Actor) -> bool:
    return actor.kind in (ActorKind.OFFICIAL, ActorKind.SYSTEM)


def _of_module(name: str, algorithm: Algorithm) -> Process:
    module = name.partition(".")[0]
    return Process(name, algorithm, body={"function": f"{queries.room(module)}:{algorithm.id}"})


def _of_model(row: Model, key: str) -> Process:
    """The version that answers: by the digest of the inputs, so that the same asks the same."""
    active = list(row.versions.filter(state=str(State.ACTIVE)).order_by("number"))
    place = int(key[:8] or "0", 16) % 100
    chosen = active[-1]
    for one in active:
        if place < one.share:
            chosen = one
            break
        place -= one.share
    return Process(
        f"{MODEL}{row.code}",
        _as_algorithm(row, chosen),
        tuple(row.uses),
        {"onnx": str(checking.path_of(chosen.sha256))},
    )


def _as_algorithm(row: Model, version: Version) -> Algorithm:
    def tensors(side: str) -> dict[str, dict[str, Any]]:
        return {one[0]: _schema(one[1], one[2]) for one in version.facts.get(side, ())}

    return Algorithm(
        id=row.code,
        title=row.text,
        summary=row.purpose_text,
        inputs=tensors("inputs"),
        outputs=tensors("outputs"),
        function=dict,
        version=str(version.number),
    )


def _schema(kind: str, shape: Any) -> dict[str, Any]:
    """JSON schema of a tensor: nested arrays of numbers, as deep as its shape."""
    inner = kind.removeprefix("tensor(").removesuffix(")")
    schema: dict[str, Any] = {"type": _TYPES.get(inner, "integer")}
    for side in reversed(shape or []):
        schema = {"type": "array", "items": schema}
        if isinstance(side, int) and side > 0:
            schema |= {"minItems": side, "maxItems": side}
    return schema
