"""The writers of the people capability, each an ``@action``."""

from quancheng.capabilities.people.actions.organisation import (
    appoint,
    grant_role,
    revoke_role,
    sync_departments,
)
from quancheng.capabilities.people.actions.persons import (
    add_agent,
    end_agent,
    link_account_to_person,
    register_person,
    update_contact,
)

__all__ = [
    "add_agent",
    "appoint",
    "end_agent",
    "grant_role",
    "link_account_to_person",
    "register_person",
    "revoke_role",
    "sync_departments",
    "update_contact",
]
