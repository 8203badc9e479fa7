"""锚定: a log's checkpoints, grants, withdrawals and uses, said to a contract on an alliance chain.

The contract is ``QuanchengAnchor.sol`` (compiled JSON beside it, made by tools/build_contract.py). Ids on the
chain are leaves of the log, salted commitments: they tell nothing, and everything there is provable here.

    contract = Contract.read(text_of_the_json)
    data = contract.encode(Checkpoint(origin_id(origin), size, root))     # calldata of a transaction
    contract.decode_head(answer)                                          # of contract.ask_head(...)

A ``LedgerAnchor`` is any engine that takes such steps; moving engines is another one and a replay.
"""

from quancheng.core.anchor.contract import AbiFault, Contract
from quancheng.core.anchor.steps import (
    Checkpoint,
    Grant,
    LedgerAnchor,
    Outcome,
    Revoke,
    Step,
    Use,
    origin_id,
)

__all__ = [
    "AbiFault",
    "Checkpoint",
    "Contract",
    "Grant",
    "LedgerAnchor",
    "Outcome",
    "Revoke",
    "Step",
    "Use",
    "origin_id",
]
