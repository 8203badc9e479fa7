"""One Node process with the front end's library for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.frontend.peer import Peer, peer


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """The library in Node."""
    with peer(tmp_path_factory.mktemp("qc1")) as running:
        yield running
