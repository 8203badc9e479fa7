"""Reads of the registry, and the algorithms of modules."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from quancheng.capabilities.models.models import Evaluation, Model, Task, Use, Version
from quancheng.capabilities.models.values import Algorithm, Refused
from quancheng.core.forms.schema import Draft202012Validator
from quancheng.core.text import Text
from quancheng.kernel import access, pagination, registry
from quancheng.kernel.actor import Actor
from quancheng.kernel.errors import InvalidInput, NotFound


def models(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Models the asker may see. Filters: q (code), risk."""
    rows = access.visible(actor, Model).select_related("organ")
    if words := params.get("q", "").strip():
        rows = rows.filter(code__contains=words)
    if risk := params.get("risk", ""):
        rows = rows.filter(risk=risk)
    return pagination.page(rows, ("code",), params)


def model(actor: Actor, code: str) -> Model:
    """One model. Raises NotFound, also for what the asker may not see."""
    found: Model | None = access.visible(actor, Model).filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def versions(actor: Actor, code: str) -> list[Version]:
    """Versions of a model, the newest first. Raises NotFound."""
    return list(access.visible(actor, Version).filter(model=model(actor, code)).order_by("-number"))


def algorithms(*, public_only: bool = False) -> dict[str, Algorithm]:
    """Every algorithm of a module by ``module.id``, in module order."""
    found: dict[str, Algorithm] = {}
    for module in registry.modules():
        room = f"{module.dotted}.algorithms"
        if find_spec(room):
            for one in import_module(room).ALGORITHMS:
                if one.public or not public_only:
                    found[f"{module.name}.{one.id}"] = one
    return found


def room(module: str) -> str:
    """The package of a module by its name."""
    return registry.module(module).dotted


def check(algorithm: Algorithm, inputs: Mapping[str, Any]) -> None:
    """Raises InvalidInput, each fault at its input, when the inputs do not fit their schemas."""
    faults: dict[str, Text] = {}
    for name in inputs:
        if name not in algorithm.inputs:
            faults[name] = Text("没有这个输入项。", "There is no such input.")
    for name, schema in algorithm.inputs.items():
        if name not in inputs:
            if name not in algorithm.optional:
                faults[name] = Text("缺少这个输入项。", "This input is missing.")
            continue
        wrong = next(iter(Draft202012Validator(schema).iter_errors(inputs[name])), None)
        if wrong is not None:
            faults[name] = Text(f"不符合要求：{wrong.message}", f"Does not fit: {wrong.message}")
    if faults:
        raise InvalidInput(fields=faults)


def run(algorithm: Algorithm, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Run a function here, without the pool: for trials. Raises InvalidInput, each fault at its input."""
    check(algorithm, inputs)
    settled = algorithm.settle(inputs) if algorithm.settle is not None else inputs
    try:
        return dict(algorithm.function(**settled))
    except Refused as refused:
        raise InvalidInput(fields=dict(refused.faults)) from refused


def uses(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """Calls the asker may see, the newest first. Filters: process, outcome."""
    rows = access.visible(actor, Use)
    if name := params.get("process", "").strip():
        rows = rows.filter(process__contains=name)
    if outcome := params.get("outcome", ""):
        rows = rows.filter(outcome=outcome)
    return pagination.page(rows, ("-at", "-id"), params)


def tasks(actor: Actor, params: Mapping[str, str]) -> pagination.Page[Any]:
    """The asker's own jobs, the newest first."""
    return pagination.page(access.visible(actor, Task), ("-created_at", "-id"), params)


def task(actor: Actor, code: str) -> Task:
    """One of the asker's own jobs. Raises NotFound."""
    try:
        found: Task | None = access.visible(actor, Task).filter(code=UUID(code)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(Text("没有这个任务。", "There is no such job."))
    return found


def evaluations(actor: Actor, version: Version) -> list[Evaluation]:
    """Evaluations of a version, the newest first."""
    return list(access.visible(actor, Evaluation).filter(version=version).order_by("-made_at", "-pk"))
