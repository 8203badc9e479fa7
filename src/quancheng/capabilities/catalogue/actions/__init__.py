"""Deeds of the catalogue, by subject."""

from quancheng.capabilities.catalogue.actions.bulk import apply_bulk, undo_bulk
from quancheng.capabilities.catalogue.actions.demands import answer_demand, ask_demand, withdraw_demand
from quancheng.capabilities.catalogue.actions.duties import import_duties, link_duty
from quancheng.capabilities.catalogue.actions.entries import (
    approve_entry,
    create_entry,
    discard_entry,
    edit_entry,
    propose_withdrawal,
    publish_entry,
    return_entry,
    submit_entry,
)
from quancheng.capabilities.catalogue.actions.importing import import_entries
from quancheng.capabilities.catalogue.actions.registering import link_table, register_entry

__all__ = [
    "answer_demand",
    "apply_bulk",
    "approve_entry",
    "ask_demand",
    "create_entry",
    "discard_entry",
    "edit_entry",
    "import_duties",
    "import_entries",
    "link_duty",
    "link_table",
    "propose_withdrawal",
    "publish_entry",
    "register_entry",
    "return_entry",
    "submit_entry",
    "undo_bulk",
    "withdraw_demand",
]
