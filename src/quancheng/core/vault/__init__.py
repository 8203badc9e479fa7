"""数字保险箱: request, grant, use, receipt, withdrawal and objection as pure values.

    thread, entry = ask(city, number, asked, at)                  # a bank asks
    thread, entry = grant(thread, items=…, mode=…, until=…, …)    # the person allows some of it
    thread, entry = use(thread, recipient=…, purpose=…, used=…)   # a use and its log entry are one
    receipt = countersign(seal(entry, city_key), bank_key)        # three parties hold the same bytes
    verify_receipt(receipt, city=keys, recipient=keys)            # anybody, offline
    verify_allowed(receipt, entries)                              # it was allowed at that time

The rules that always hold are listed in ``life``.
"""

from quancheng.core.vault.entry import (
    NOTHING,
    SALT_BYTES,
    Entry,
    Kind,
    commit_facts,
    commit_holder,
    open_facts,
    read_entry,
)
from quancheng.core.vault.errors import Reason, VaultFault
from quancheng.core.vault.life import (
    Asked,
    Grant,
    Item,
    Mode,
    Recipient,
    State,
    Thread,
    Used,
    apply,
    ask,
    grant,
    refuse,
    replay,
    use,
    withdraw,
)
from quancheng.core.vault.message import HEADER, Envelope, digest, kid_of, sign_message, verify_message
from quancheng.core.vault.receipt import (
    Mark,
    Receipt,
    Shown,
    conflicting,
    countersign,
    read_receipt,
    seal,
    shown,
    verify_allowed,
    verify_receipt,
    write_receipt,
)

__all__ = [
    "HEADER",
    "NOTHING",
    "SALT_BYTES",
    "Asked",
    "Entry",
    "Envelope",
    "Grant",
    "Item",
    "Kind",
    "Mark",
    "Mode",
    "Reason",
    "Receipt",
    "Recipient",
    "Shown",
    "State",
    "Thread",
    "Used",
    "VaultFault",
    "apply",
    "ask",
    "commit_facts",
    "commit_holder",
    "conflicting",
    "countersign",
    "digest",
    "grant",
    "kid_of",
    "open_facts",
    "read_entry",
    "read_receipt",
    "refuse",
    "replay",
    "seal",
    "shown",
    "sign_message",
    "use",
    "verify_allowed",
    "verify_message",
    "verify_receipt",
    "withdraw",
    "write_receipt",
]
