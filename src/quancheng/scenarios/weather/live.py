"""Live topics of weather, read by the portal."""

TOPICS = {
    "weather": {
        "events": ["weather.warning.*"],
        "roles": [
            "weather.forecaster",
            "weather.approver",
            "command.duty",
            "command.commander",
            "command.responder",
        ],
    },
    "weather.public": {"events": ["weather.warning.published"], "roles": []},
}
