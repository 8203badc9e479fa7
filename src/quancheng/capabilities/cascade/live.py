"""Live topics of cascade, read by the portal."""

TOPICS = {
    "cascade": {
        "events": [
            "cascade.neighbour.*",
            "cascade.batch.applied",
            "cascade.counts.differ",
            "cascade.correction.*",
        ],
        "roles": ["cascade.officer", "cascade.viewer", "cascade.steward"],
    },
}
