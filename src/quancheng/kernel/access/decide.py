"""The two questions: which rows may the actor see, and may the actor do this."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

from django.db import models
from django.db.models import Q

from quancheng.core.text import Text
from quancheng.kernel.access.rules import NOTHING, AccessRule, union
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import Forbidden, NotSignedIn

M = TypeVar("M", bound=models.Model)
VIEW = "view"


@lru_cache(maxsize=1)
def all_rules() -> dict[tuple[str, str], tuple[AccessRule, ...]]:
    """Rules of every module by (model label, verb)."""
    from quancheng.kernel.registry.load import items

    by_key: dict[tuple[str, str], list[AccessRule]] = {}
    for _, row in items("access"):
        rule = AccessRule.from_row(row if isinstance(row, dict) else row.model_dump())
        for verb in rule.verbs:
            by_key.setdefault((rule.model, verb), []).append(rule)
    return {key: tuple(found) for key, found in by_key.items()}


def predicate(actor: Actor, label: str, verb: str) -> Q:
    """One indexed SQL predicate for ``verb`` on a model; matches nothing when no rule speaks."""
    opened = union(all_rules().get((label, verb), ()), actor)
    granted = _granted(actor, label, verb)
    if opened is None:
        return granted
    return opened if granted == NOTHING or not opened.children else opened | granted


def visible(actor: Actor, model: type[M], *, verb: str = VIEW) -> models.QuerySet[M]:
    """The rows of ``model`` the actor may ``verb``."""
    return model._default_manager.filter(predicate(actor, model._meta.label, verb))


def opened(actor: Actor, model: type[M], verb: str) -> models.QuerySet[M]:
    """The rows rules open to the actor, without single grants: for a first, cheap look."""
    rows = union(all_rules().get((model._meta.label, verb), ()), actor)
    return model._default_manager.filter(NOTHING if rows is None else rows)


def allowed(actor: Actor, verb: str, target: models.Model | type[models.Model]) -> bool:
    """Whether ``actor`` may ``verb`` the object; for a class: whether any rule opens the verb."""
    if isinstance(target, models.Model):
        # rules first: single grants are rare and cost a second question
        return _opened(actor, verb, target) or target.pk in _granted_ids(actor, target._meta.label, verb)
    return predicate(actor, target._meta.label, verb) != NOTHING


def require(actor: Actor, verb: str, target: models.Model | type[models.Model]) -> None:
    """Raise NotSignedIn or Forbidden unless ``actor`` may ``verb`` the target."""
    from quancheng.kernel.actions import rights_asked

    rights_asked()
    if allowed(actor, verb, target):
        return
    if not actor.is_authenticated:
        raise NotSignedIn()
    label = target._meta.label
    raise Forbidden(
        Text(
            f"您没有对{target._meta.verbose_name}执行“{verb}”的权限。",
            f"You have no right to {verb} {label}.",
        ),
        extra={"verb": verb, "model": label},
    )


def _opened(actor: Actor, verb: str, target: models.Model) -> bool:
    rows = union(all_rules().get((target._meta.label, verb), ()), actor)
    if rows is None or rows == NOTHING:
        return False
    # not type(target): request.user is a lazy object around the model
    return target._meta.model._default_manager.filter(rows, pk=target.pk).exists()


def _granted(actor: Actor, label: str, verb: str) -> Q:
    found = _granted_ids(actor, label, verb)
    return Q(pk__in=found) if found else NOTHING


def _granted_ids(actor: Actor, label: str, verb: str) -> list[int]:
    if actor.user_id is None:
        return []
    from quancheng.kernel.access.grants import granted_ids

    return granted_ids(actor.user_id, label, verb)
