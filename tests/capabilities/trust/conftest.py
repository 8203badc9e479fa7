from tests.capabilities.services.conftest import actor, settle, signed_in, town, user  # noqa: F401
