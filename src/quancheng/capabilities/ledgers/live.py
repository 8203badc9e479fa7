"""Topics open pages may hear."""

_ROLES = ["ledgers.clerk", "ledgers.approver", "ledgers.viewer", "ledgers.asker", "ledgers.city"]
TOPICS = {
    "ledgers.books": {"events": ["ledgers.book.*", "ledgers.row.*"], "roles": _ROLES},
    "ledgers.differences": {"events": ["ledgers.difference*"], "roles": [*_ROLES, "ledgers.source"]},
}
