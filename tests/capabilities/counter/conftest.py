"""The town of the services tests, and a counter that receives in it."""

from __future__ import annotations

from tests.capabilities.services.conftest import actor, person, photo, settle, signed_in, town, user

__all__ = ["actor", "person", "photo", "settle", "signed_in", "town", "user"]
