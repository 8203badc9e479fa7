"""The writers of the citizen code."""

from quancheng.capabilities.code.actions.cards import print_card, stop_card
from quancheng.capabilities.code.actions.gates import register_verifier, renew_token, set_verifier
from quancheng.capabilities.code.actions.phones import (
    Batch,
    enrol_device,
    remove_device,
    renew_batch,
    report_lost,
    stop_rights,
    switch_scene,
)
from quancheng.capabilities.code.actions.scans import forget_scans, read_upload, settle_day, take_scans

__all__ = [
    "Batch",
    "enrol_device",
    "forget_scans",
    "print_card",
    "read_upload",
    "register_verifier",
    "remove_device",
    "renew_batch",
    "renew_token",
    "report_lost",
    "set_verifier",
    "settle_day",
    "stop_card",
    "stop_rights",
    "switch_scene",
    "take_scans",
]
