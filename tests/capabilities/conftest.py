"""What tests of all capabilities share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quancheng.capabilities.observations.testing import fresh_store


@pytest.fixture(autouse=True)
def observation_folder() -> Iterator[Path]:
    """Rows of a test are rolled back, the observation log is not: each test has its own."""
    with fresh_store() as place:
        yield place
