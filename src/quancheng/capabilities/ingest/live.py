"""Live topics of ingest, read by the portal."""

TOPICS = {
    "ingest.devices": {
        "events": [
            "ingest.device.registered",
            "ingest.device.status_changed",
            "ingest.device.connected",
            "ingest.device.silent",
            "ingest.command.done",
        ],
        "roles": ["ingest.operator", "ingest.viewer"],
    },
}
