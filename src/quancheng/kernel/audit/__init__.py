"""审计: who did what to what, for which purpose, provable later.

Entries form one chain a stream (each holds the hash of the one before); signed Merkle
checkpoints, kept in a table and in a file outside the database, make the chain's past
unforgeable even for somebody who can write the database (``docs/audit.md``)::

    audit.note(receipt=case.receipt)           # inside an action: details into its entry
    audit.record(actor, "open", "data.Asset:7", {"rows": 12}, stream="uses")
    audit.checkpoint("main"); audit.verify().ok

Models are imported inside functions only, so this package may be imported before Django is set up.
"""

from quancheng.kernel.audit.checkpointing import checkpoint, checkpoint_all, head
from quancheng.kernel.audit.collect import collecting, note
from quancheng.kernel.audit.errors import AppendOnly, AuditBroken
from quancheng.kernel.audit.keys import verifier_key
from quancheng.kernel.audit.proofs import InclusionProof, inclusion_proof
from quancheng.kernel.audit.report import Problem, Report
from quancheng.kernel.audit.verification import verify
from quancheng.kernel.audit.writing import Fact, record, record_many

__all__ = [
    "AppendOnly",
    "AuditBroken",
    "Fact",
    "InclusionProof",
    "Problem",
    "Report",
    "checkpoint",
    "checkpoint_all",
    "collecting",
    "head",
    "inclusion_proof",
    "note",
    "record",
    "record_many",
    "verifier_key",
    "verify",
]
