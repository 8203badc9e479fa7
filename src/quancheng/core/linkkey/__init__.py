"""量子安全链路密钥: keys from X25519 ‖ ML-KEM-768 ‖ QKD, a handshake of three messages, sealed records.

The link survives the failure of any one of the three. When no QKD key is to be had the link falls back
to post-quantum strength and *says so* (``Session.strength``, ``Session.away``); a policy may refuse
that (``Identity.weakest``). :mod:`storage` keeps data at rest under the same kind of keys.
"""

from quancheng.core.linkkey.errors import LinkFault, LinkReason
from quancheng.core.linkkey.handshake import Identity, Initiator, QkdKey, Responder
from quancheng.core.linkkey.messages import MESSAGE_BYTES, Finish, Hello, Refusal, Reply, is_refusal
from quancheng.core.linkkey.schedule import QKD_KEY_BYTES, LinkKeys, Parts, derive
from quancheng.core.linkkey.session import (
    HEAD_BYTES,
    RECORD_BYTES,
    RekeyPolicy,
    RekeyReason,
    Session,
    body_length,
)
from quancheng.core.linkkey.storage import Envelope, MasterKey, open_envelope, rewrap, seal_envelope
from quancheng.core.linkkey.suite import Strength, Suite

__all__ = [
    "HEAD_BYTES",
    "MESSAGE_BYTES",
    "QKD_KEY_BYTES",
    "RECORD_BYTES",
    "Envelope",
    "Finish",
    "Hello",
    "Identity",
    "Initiator",
    "LinkFault",
    "LinkKeys",
    "LinkReason",
    "MasterKey",
    "Parts",
    "QkdKey",
    "Refusal",
    "RekeyPolicy",
    "RekeyReason",
    "Reply",
    "Responder",
    "Session",
    "Strength",
    "Suite",
    "body_length",
    "derive",
    "is_refusal",
    "open_envelope",
    "rewrap",
    "seal_envelope",
]
