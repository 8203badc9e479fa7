"""For tests: a store of one's own. Rows of a test are rolled back, files are not; so each test moves on.

from quancheng.capabilities.observations.testing import fresh_store
with fresh_store(): ...
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

from django.test import override_settings

from quancheng.capabilities.observations import log


@contextmanager
def fresh_store() -> Iterator[Path]:
    """Inside, logs and latest values are in an empty folder; it is removed at the end."""
    place = Path(tempfile.mkdtemp(prefix="quancheng-observations-"))
    try:
        with override_settings(OBSERVATIONS_FOLDER=place):
            yield place
    finally:
        log.forget(place)
        with suppress(OSError):
            rmtree(place)
