"""For tests: a store of one's own. Rows of a test are rolled back, files are not; so each test moves on.

from quancheng.capabilities.observations.testing import fresh_store
with fresh_store(): ...
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

from django.test import override_settings


@contextmanager
def fresh_store() -> Iterator[Path]:
    """Inside, logs and latest values are in a folder of their own: made when first used, removed at the end.

    Cheap when nothing is written, so every test may be inside.
    """
    place = Path(tempfile.gettempdir()) / f"quancheng-observations-{uuid.uuid4().hex}"
    try:
        with override_settings(OBSERVATIONS_FOLDER=place):
            yield place
    finally:
        if place.exists():
            from quancheng.capabilities.observations import log

            log.forget(place)
            with suppress(OSError):
                rmtree(place)
