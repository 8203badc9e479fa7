"""Pytest plugin: keep only tests that touch the default database; the others say nothing new on another one."""

from __future__ import annotations

import pytest

FIXTURES = frozenset({"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"})
"""pytest-django's fixtures that open the database; those built on them bring them along."""


def touches_database(item: pytest.Item) -> bool:
    """By its marker, its fixtures, or as a test case of Django."""
    if item.get_closest_marker("django_db") is not None:
        return True
    if FIXTURES & set(getattr(item, "fixturenames", ())):
        return True
    family = getattr(getattr(item, "cls", None), "__mro__", ())
    return any(one.__module__.startswith("django.test") for one in family)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the others, in the open: pytest counts them."""
    gone = [item for item in items if not touches_database(item)]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if touches_database(item)]
