"""The town of the services tests."""

from tests.capabilities.services.conftest import (  # noqa: F401
    actor,
    person,
    settle,
    signed_in,
    town,
    user,
    window,
)
