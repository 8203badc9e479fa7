"""A home of its own for each test: keys and checkpoint files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from quancheng.kernel import audit
from quancheng.kernel.actor import Actor, ActorKind, RoleGrant

CLERK = Actor(
    ActorKind.OFFICIAL,
    name="王芳",
    user_id=7,
    purpose="审批",
    grants=(RoleGrant("services.clerk"), RoleGrant("desk")),
    extra={"on_behalf_of": "李雷"},
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def clerk() -> Actor:
    return CLERK


@pytest.fixture
def fill(db: None) -> Callable[..., str]:
    """Fill a stream with entries and checkpoint it now and then; returns its name."""

    def fill(seed: int, *, entries: int = 40, checkpoints: int = 4, stream: str = "main") -> str:
        random = Random(seed)
        marks = set(random.sample(range(1, entries), checkpoints - 1)) | {entries}
        for number in range(1, entries + 1):
            audit.record(CLERK, "open", f"data.Asset:{number}", {"rows": random.random()}, stream=stream)
            if number in marks:
                audit.checkpoint(stream)
        return stream

    return fill
