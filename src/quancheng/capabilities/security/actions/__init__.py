"""The writers of the security services; other modules may use all of them."""

from quancheng.capabilities.security.actions.ceremonies import (
    cancel_ceremony,
    close_gathering,
    close_old_gatherings,
    give_share,
    open_gathering,
    start_ceremony,
    take_share,
)
from quancheng.capabilities.security.actions.certificates import (
    certify_key,
    ensure_authority,
    issue_certificate,
    make_list,
    revoke_certificate,
)
from quancheng.capabilities.security.actions.changes import ask_change, decide_change
from quancheng.capabilities.security.actions.keys import (
    draw_uses,
    ensure_key,
    publish_purpose,
    remind,
    retire_due,
    rotate,
)
from quancheng.capabilities.security.actions.records import record_backup, record_drill
from quancheng.capabilities.security.actions.ring import adopt
from quancheng.capabilities.security.actions.services import (
    add_client,
    make_electronic_seal,
    new_secret,
    seal_document,
    set_quota,
    sign,
    stamp,
    stop_client,
    stop_seal,
)

__all__ = [
    "add_client",
    "adopt",
    "ask_change",
    "cancel_ceremony",
    "certify_key",
    "close_gathering",
    "close_old_gatherings",
    "decide_change",
    "draw_uses",
    "ensure_authority",
    "ensure_key",
    "give_share",
    "issue_certificate",
    "make_electronic_seal",
    "make_list",
    "new_secret",
    "open_gathering",
    "publish_purpose",
    "record_backup",
    "record_drill",
    "remind",
    "retire_due",
    "revoke_certificate",
    "rotate",
    "seal_document",
    "set_quota",
    "sign",
    "stamp",
    "start_ceremony",
    "stop_client",
    "stop_seal",
    "take_share",
]
