"""Fixtures every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from quancheng.capabilities.observations.testing import fresh_store
from quancheng.kernel import collector
from quancheng.kernel.actions import Call
from quancheng.kernel.actor import Actor
from quancheng.testing.prepared import once
from quancheng.testing.product import Product

collector.look_rarely()
hypothesis.settings.register_profile(
    "shared machine",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
"""How long an example takes says how busy the machine is, nothing about the code.

``CI=1`` asks the same examples of the same code each time: what one run took, the next does not refuse. New ones are
looked for wherever people work, in every run.
"""
hypothesis.settings.load_profile("shared machine")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Long texts and bytes are named by their length: a test's name goes into the environment of its children."""
    return f"{type(val).__name__}{len(val)}" if isinstance(val, str | bytes) and len(val) > 80 else None


@pytest.fixture(autouse=True)
def observation_folder() -> Iterator[Path]:
    """Rows of a test are rolled back, the observation log is not: each test has its own, made when used."""
    with fresh_store() as place:
        yield place


@pytest.fixture
def system_call() -> Call:
    """A deed of the platform itself."""
    return Call.system("tests")


@pytest.fixture
def anonymous() -> Actor:
    return Actor.anonymous()


@pytest.fixture
def fixed_time() -> Iterator[datetime]:
    """A Monday morning, 2026-06-01 09:30 in Jinan."""
    from quancheng.kernel import clock

    moment = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)
    with clock.at(moment):
        yield moment


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all worker processes of this run see."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"


@pytest.fixture(scope="session")
def small_city(shared_folder: Path) -> Path:
    """The home folder of a city of 60 people with all demo identities; copy it, never run it."""

    def make(home: Path) -> None:
        Product(home, QUANCHENG_SQLITE_SYNCHRONOUS="OFF").command("setup", "--persons", "60", "--firms", "10")

    return once(shared_folder, "small-city", make)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A throw-away PostgreSQL cluster for tests that need one beside the default database."""
    from quancheng.testing.postgres import Postgres, PostgresMissing

    try:
        with Postgres() as server:
            yield server.url
    except PostgresMissing as missing:
        pytest.skip(str(missing))
