"""Topics open pages may listen to."""

TOPICS = {
    "payment.mine": {"events": ["payment.order.*"], "roles": [], "owner": "person_id"},
    "payment": {
        "events": ["payment.*"],
        "roles": ["payment.accountant", "payment.approver", "payment.auditor"],
    },
}
