"""Live topics of quality, read by the portal."""

TOPICS = {
    "quality": {
        "events": ["quality.table.checked", "quality.issue.*", "quality.rule.*"],
        "roles": ["quality.officer", "quality.bureau"],
    },
}
