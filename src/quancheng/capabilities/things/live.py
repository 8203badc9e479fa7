"""Live topics of things, read by the portal."""

TOPICS = {
    "things.stations": {
        "events": [
            "things.observations.ingested",
            "things.station.registered",
            "things.station.status_changed",
        ],
        "roles": [],
    },
    "things.alarms": {
        "events": ["things.alarm.*"],
        "roles": ["things.operator", "things.viewer", "things.supervisor"],
    },
}
