"""The one way to write: ``@action``.

An action is one thing a person or machine can do. The decorator gives each of them, in one
transaction: rights asked (or rolled back), writes permitted, one audit entry, events in the
outbox, and the same result when the same key comes twice.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.db import IntegrityError, models, transaction

from quancheng.core.text import Text
from quancheng.kernel import audit, clock
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Conflict
from quancheng.kernel.models import writing

P = ParamSpec("P")
R = TypeVar("R")


class RightsNotAsked(RuntimeError):
    """A programming fault: an action wrote without asking ``access.require``."""


@dataclass(frozen=True, slots=True)
class Call:
    """The circumstances of a deed: who, under which key, when, in which request."""

    actor: Actor
    key: str | None = None
    at: datetime = field(default_factory=clock.now)
    request_id: str = ""

    @classmethod
    def system(cls, module: str, *, key: str | None = None, simulated: bool = False) -> Call:
        """A deed of the platform itself, by rule of a module."""
        return cls(Actor.system(module, simulated=simulated), key=key)

    def with_key(self, key: str | None) -> Call:
        return replace(self, key=key)


@dataclass(slots=True)
class _Frame:
    """What happened so far inside the running action."""

    name: str
    asked: bool = False


_frame: ContextVar[_Frame | None] = ContextVar("quancheng_action", default=None)


def rights_asked() -> None:
    """Called by ``access.require``: the running action has asked for its right."""
    frame = _frame.get()
    if frame is not None:
        frame.asked = True


def action(
    name: str, *, idempotent: bool = True, prepare: Callable[..., Any] | None = None
) -> Callable[[Callable[Concatenate[Call, P], R]], Callable[Concatenate[Call, P], R]]:
    """Make a function an action. Its first argument is the :class:`Call`, the rest keyword only.

    ``prepare(call, **kwargs)`` reads and computes before the transaction begins; what it returns comes
    as the keyword ``prepared``. There is one writer at a time on SQLite: what an action does inside is
    what everybody waits for. Whatever must still be true at the write is asked again inside.

    Raises RightsNotAsked when the body never asked ``access.require``; Conflict when the key
    was used before with other arguments; whatever the body raises. Nothing is kept then.
    """

    def decorate(
        function: Callable[Concatenate[Call, P], R],
    ) -> Callable[Concatenate[Call, P], R]:
        @functools.wraps(function)
        def run(call: Call, *args: P.args, **kwargs: P.kwargs) -> R:
            def ready() -> Callable[..., R]:
                if prepare is None:
                    return function
                return functools.partial(function, prepared=prepare(call, **kwargs))

            if not (idempotent and call.key):
                return _run_once(ready(), name, call, args, kwargs)
            return _run_with_key(ready, name, call, args, kwargs)

        run.__quancheng_action__ = name  # type: ignore[attr-defined]
        return cast(Callable[Concatenate[Call, P], R], run)

    return decorate


def _run_once(
    function: Callable[..., R], name: str, call: Call, args: Any, kwargs: Any, *, savepoint: bool = True
) -> R:
    frame = _Frame(name)
    token = _frame.set(frame)
    try:
        with transaction.atomic(savepoint=savepoint), writing(name), audit.collecting() as notes:
            result = function(call, *args, **kwargs)
            if not frame.asked:
                raise RightsNotAsked(f"{name}: 动作没有核对权限 access.require was never called")
            audit.record(
                call.actor,
                verb=name,
                object_ref=_reference(result),
                detail=dict(notes),
                at=call.at,
                action=name,
            )
            return result
    finally:
        _frame.reset(token)
        if (outer := _frame.get()) is not None:
            outer.asked = outer.asked or frame.asked


def _run_with_key(ready: Callable[[], Callable[..., R]], name: str, call: Call, args: Any, kwargs: Any) -> R:
    """The remembered deed is the outer frame of the transaction: the action needs no savepoint of its own."""
    from quancheng.kernel.idempotency import deeds

    identity = deeds.Identity(name, _scope(call.actor), cast(str, call.key))
    digest = _digest(args, kwargs)
    earlier = deeds.find(identity)
    if earlier is not None:
        return _recall(earlier, digest)  # type: ignore[no-any-return]
    function = ready()
    try:
        with transaction.atomic():
            deeds.begin(identity, digest, call.at)
            result = _run_once(function, name, call, args, kwargs, savepoint=False)
            deeds.finish(identity, _remember(result))
            return result
    except IntegrityError:
        earlier = deeds.find(identity)
        if earlier is None:
            raise
        return _recall(earlier, digest)  # type: ignore[no-any-return]


def _scope(actor: Actor) -> str:
    return f"user:{actor.user_id}" if actor.user_id is not None else str(actor)


def _reference(result: Any) -> str:
    return f"{result._meta.label}:{result.pk}" if isinstance(result, models.Model) else ""


def _digest(args: Any, kwargs: Any) -> str:
    text = json.dumps([args, kwargs], sort_keys=True, default=_stable, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _stable(value: Any) -> str:
    if isinstance(value, models.Model):
        return _reference(value)
    if hasattr(value, "chunks") and hasattr(value, "name"):  # an uploaded file: by content
        digest = hashlib.sha256()
        for chunk in value.chunks():
            digest.update(chunk)
        value.seek(0)
        return f"{value.name}:{digest.hexdigest()}"
    return str(value)


def _remember(result: Any) -> Any:
    if isinstance(result, models.Model):
        return {"model": result._meta.label, "pk": result.pk}
    return {"value": result}


def _recall(deed: Any, digest: str) -> Any:
    from django.apps import apps

    if deed.digest != digest:
        raise Conflict(
            Text(
                "同一个提交编号已用于另一份内容。",
                "The same idempotency key was already used for different content.",
            ),
            todo=Text("请刷新页面重新提交。", "Reload the page and submit again."),
        )
    kept = deed.result or {}
    if "model" in kept:
        return apps.get_model(kept["model"])._base_manager.get(pk=kept["pk"])
    return kept.get("value")
