"""The town of the services tests."""

from __future__ import annotations

from tests.capabilities.services.conftest import actor, person, settle, signed_in, town, user

__all__ = ["actor", "person", "settle", "signed_in", "town", "user"]
