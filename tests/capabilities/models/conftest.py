"""A small registry: staff of the data bureau and of another organ, and small real model files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from quancheng.capabilities.models import actions, checking
from quancheng.capabilities.models.models import Model, Version
from quancheng.capabilities.models.values import Risk
from quancheng.capabilities.people.models import Department, User
from quancheng.core.text import Text
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant
from quancheng.testing import remembered

FILES = Path(onnxruntime.__file__).parent / "datasets"


@pytest.fixture
def staff(db: None, settings: Any, tmp_path: Path) -> Callable[..., Actor]:
    """An official with a role of the registry at an organ."""
    settings.MEDIA_ROOT = tmp_path
    remembered.synced()

    def make(role: str = "engineer", organ: str = "jn-data", name: str = "") -> Actor:
        label = name or f"{role}@{organ}"
        account, _ = User.objects.get_or_create(username=label, defaults={"kind": "official"})
        grant = RoleGrant(f"models.{role}", frozenset({Department.objects.get(code=organ).pk}))
        return Actor(ActorKind.OFFICIAL, label, account.pk, grants=(grant,))

    return make


@pytest.fixture
def model(staff: Any) -> Model:
    row: Model = actions.register_model(
        Call(staff()),
        code="triage",
        name=Text("诉求分类", "Sorting of requests"),
        purpose=Text("给热线诉求分类", "Sorts requests of the hotline"),
        organ_id=Department.objects.get(code="jn-data").pk,
        licence="Apache-2.0",
        risk=Risk.LOW,
    )
    return row


@pytest.fixture
def add(staff: Any, model: Model) -> Callable[[str], Version]:
    def make(name: str) -> Version:
        kept = checking.keep((FILES / f"{name}.onnx").read_bytes())
        row: Version = actions.add_version(
            Call(staff()), code=model.code, sha256=kept, provenance="onnxruntime"
        )
        return row

    return make


@pytest.fixture
def approved(staff: Any, add: Any) -> Callable[[str, float], Version]:
    def make(name: str, f1: float) -> Version:
        version = add(name)
        measure(staff(), version, f1)
        row: Version = actions.approve_version(Call(staff("approver")), version_id=version.pk)
        return row

    return make


def measure(who: Actor, version: Version, f1: float, **more: Any) -> Any:
    fields = {"dataset": "hotline", "dataset_version": "3", "rows": 200, "metrics": {"f1": f1}, **more}
    return actions.record_evaluation(Call(who), version_id=version.pk, **fields)
