"""The writers of the vault."""

from quancheng.capabilities.vault.actions.answering import grant_request, refuse_request, withdraw_grant
from quancheng.capabilities.vault.actions.asking import Wanted, make_request
from quancheng.capabilities.vault.actions.objecting import (
    accept_objection,
    file_objection,
    reject_objection,
    repair_objection,
    tell_receiver,
)
from quancheng.capabilities.vault.actions.publishing import publish_source
from quancheng.capabilities.vault.actions.recipients import (
    add_key,
    approve_recipient,
    propose_recipient,
    revoke_key,
    suspend_recipient,
)
from quancheng.capabilities.vault.actions.using import Asking, countersign_use, forget_facts, use_grant

__all__ = [
    "Asking",
    "Wanted",
    "accept_objection",
    "add_key",
    "approve_recipient",
    "countersign_use",
    "file_objection",
    "forget_facts",
    "grant_request",
    "make_request",
    "propose_recipient",
    "publish_source",
    "refuse_request",
    "reject_objection",
    "repair_objection",
    "revoke_key",
    "suspend_recipient",
    "tell_receiver",
    "use_grant",
    "withdraw_grant",
]
