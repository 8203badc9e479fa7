"""The writers of verifiable credentials."""

from quancheng.capabilities.credentials.actions.asking import answer, ask
from quancheng.capabilities.credentials.actions.taking import (
    Delivered,
    Invitation,
    deliver,
    give_nonce,
    invite,
    redeem,
    stop_credential,
    tidy,
)

__all__ = [
    "Delivered",
    "Invitation",
    "answer",
    "ask",
    "deliver",
    "give_nonce",
    "invite",
    "redeem",
    "stop_credential",
    "tidy",
]
