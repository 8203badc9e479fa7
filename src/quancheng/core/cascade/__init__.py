"""级联: rows and catalogue entries flow between nodes, never doubled, never forgotten.

**The field.** City, districts, departments, province and other cities hold copies of each other's data.
Harvesters that compare lists lose deletions, double rows after a re-run and say "0 changed" while dead. The
cure is known from replicated databases: each row has one owner at a time and a version that only the owner
raises; each node keeps a log in which a row stands once, at the number of its last change (the by-sequence
index of CouchDB replication); each reader keeps a cursor into the log of each neighbour.

**A node** (:class:`Node`) has :class:`Link` s: who may have what (数据返还, by region prefix and organ), who may
speak for whom. ``produce`` does edits of its own; ``offer`` says what a neighbour lacks at its cursor;
``apply`` hears a batch. All are pure: they read a :class:`Ledger` and return an :class:`Outcome` whose writes
the caller makes in one transaction. Messages may be lost, doubled, late, cut; nodes may restart.

**Source wins.** A change made elsewhere is a correction request (校核, ``settle`` answers it). ``HandOver``
moves ownership by a new term. A node that lost its memory is found (REWOUND) and begins a new epoch
(``recover``), after neighbours gave its rows back (``homecoming``).

**Support.** A node keeps a foreign row as long as a neighbour vouches for it; paths from the owner (a path
vector as in RFC 4271) forbid circles. A row that leaves a jurisdiction is withdrawn from its holder. What is
dead is forgotten after a horizon (``compact``); who was away longer reads a snapshot.

**Proof.** ``sent`` and ``received`` count both sides with a set digest; ``split`` and ``differing`` find the
ranges of ids that differ, ``repair`` replaces only these. ``lateness`` tells fresh, late and silent feeds.
"""

from quancheng.core.cascade.apply import apply
from quancheng.core.cascade.batch import (
    Batch,
    BatchKind,
    Change,
    ChangeKind,
    Entry,
    Finding,
    Notice,
    Outcome,
    Status,
    Withdrawal,
)
from quancheng.core.cascade.correction import (
    Correction,
    Verdict,
    correction_of,
    correction_stream,
    verdict_of,
)
from quancheng.core.cascade.errors import CascadeError, Reason
from quancheng.core.cascade.ledger import Forget, Ledger, MemoryLedger, Put, SetCursor, SetHead, Write
from quancheng.core.cascade.model import (
    Copy,
    Cursor,
    Head,
    Path,
    Row,
    RowId,
    Scope,
    Standing,
    Stream,
    StreamKind,
    Supply,
    Version,
)
from quancheng.core.cascade.offer import CatchUp, catch_up, homecoming, offer, repair
from quancheng.core.cascade.produce import (
    Edit,
    HandOver,
    Reclaim,
    Remove,
    Upsert,
    compact,
    produce,
    recover,
    settle,
)
from quancheng.core.cascade.pulse import Heartbeat, Lateness, Pulse, hear_beat, hear_cursor, lateness
from quancheng.core.cascade.route import Clause, Link, Node, region_prefix
from quancheng.core.cascade.tally import Segment, Tally, differing, received, sent, split
from quancheng.core.cascade.wire import FORM, dump, parse

__all__ = [
    "FORM",
    "Batch",
    "BatchKind",
    "CascadeError",
    "CatchUp",
    "Change",
    "ChangeKind",
    "Clause",
    "Copy",
    "Correction",
    "Cursor",
    "Edit",
    "Entry",
    "Finding",
    "Forget",
    "HandOver",
    "Head",
    "Heartbeat",
    "Lateness",
    "Ledger",
    "Link",
    "MemoryLedger",
    "Node",
    "Notice",
    "Outcome",
    "Path",
    "Pulse",
    "Put",
    "Reason",
    "Reclaim",
    "Remove",
    "Row",
    "RowId",
    "Scope",
    "Segment",
    "SetCursor",
    "SetHead",
    "Standing",
    "Status",
    "Stream",
    "StreamKind",
    "Supply",
    "Tally",
    "Upsert",
    "Verdict",
    "Version",
    "Withdrawal",
    "Write",
    "apply",
    "catch_up",
    "compact",
    "correction_of",
    "correction_stream",
    "differing",
    "dump",
    "hear_beat",
    "hear_cursor",
    "homecoming",
    "lateness",
    "offer",
    "parse",
    "produce",
    "received",
    "recover",
    "region_prefix",
    "repair",
    "sent",
    "settle",
    "split",
    "verdict_of",
]
