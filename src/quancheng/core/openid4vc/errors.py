"""Errors as the two protocols name them."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["VcError", "VcFault"]


class VcError(StrEnum):
    """Error codes: RFC 6749 section 5.2, OpenID4VCI sections 6.3 and 8.3.1, OpenID4VP section 8.5."""

    INVALID_REQUEST = "invalid_request"
    INVALID_GRANT = "invalid_grant"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - the name of an error
    INVALID_CREDENTIAL_REQUEST = "invalid_credential_request"
    UNKNOWN_CONFIGURATION = "unknown_credential_configuration"
    INVALID_PROOF = "invalid_proof"
    INVALID_NONCE = "invalid_nonce"
    ACCESS_DENIED = "access_denied"


class VcFault(Exception):
    """A message that is refused: ``{"error": …, "error_description": …}``."""

    def __init__(self, error: VcError, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description = error, description

    def to_json(self) -> dict[str, str]:
        """The error response."""
        return {"error": str(self.error), "error_description": self.description}
