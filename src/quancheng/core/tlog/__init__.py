"""可验证日志: a log nobody can edit unnoticed, as C2SP and RFC 9162 speak it.

A log signs checkpoints (size and root); witnesses in other cities cosign only what extends what they saw;
a proof bundle joins a record, its path and a witnessed checkpoint, so that anybody can check it with a
policy (whose keys, how many witnesses) and nothing else.

    body = Checkpoint(origin, size, root)
    note = sign_note(body.text(), [log_signer])          # the log
    answer = add_checkpoint(seen, policy, Request(old_size, proof, note), witness_signer, now)   # each witness
    verify_bundle(bundle, record, policy)                # anybody, later

Format: docs/formats/ledger-proof.md.
"""

from quancheng.core.tlog.bundle import Bundle, read_bundle, verify_bundle, write_bundle
from quancheng.core.tlog.checkpoint import Checkpoint
from quancheng.core.tlog.errors import LogFault, LogReason
from quancheng.core.tlog.fork import ForkEvidence, check_fork
from quancheng.core.tlog.notes import Note, NoteKey, Signature, add_signature, open_note, sign_note
from quancheng.core.tlog.policy import Policy, Witnessed, quorum, witnessed
from quancheng.core.tlog.records import Opening, commit, commitment
from quancheng.core.tlog.shards import shard_of
from quancheng.core.tlog.supervise import (
    Coverage,
    Health,
    MemberSeen,
    coverage,
    health,
    late,
    unanchored,
    without_grant,
)
from quancheng.core.tlog.tiles import TILE_WIDTH, TileSource, tile_path
from quancheng.core.tlog.witness import Answer, Request, Seen, add_checkpoint, cosigner

__all__ = [
    "TILE_WIDTH",
    "Answer",
    "Bundle",
    "Checkpoint",
    "Coverage",
    "ForkEvidence",
    "Health",
    "LogFault",
    "LogReason",
    "MemberSeen",
    "Note",
    "NoteKey",
    "Opening",
    "Policy",
    "Request",
    "Seen",
    "Signature",
    "TileSource",
    "Witnessed",
    "add_checkpoint",
    "add_signature",
    "check_fork",
    "commit",
    "commitment",
    "cosigner",
    "coverage",
    "health",
    "late",
    "open_note",
    "quorum",
    "read_bundle",
    "shard_of",
    "sign_note",
    "tile_path",
    "unanchored",
    "verify_bundle",
    "without_grant",
    "witnessed",
    "write_bundle",
]
