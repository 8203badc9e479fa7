"""Live topics of watch, read by the portal."""

TOPICS = {
    "watch.rules": {
        "events": ["watch.rule.approved", "watch.rule.in_force", "watch.rule.retired"],
        "roles": ["watch.writer", "watch.approver", "watch.viewer"],
    }
}
