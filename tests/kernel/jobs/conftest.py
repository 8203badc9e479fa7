from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.kernel.drill.fixtures import stage  # noqa: F401

from quancheng.kernel.jobs import registry


@pytest.fixture
def quiet() -> Iterator[None]:
    """No jobs but the test's own."""
    with registry.isolated():
        yield
