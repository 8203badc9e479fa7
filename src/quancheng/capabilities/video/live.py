"""Live topics of video, read by the portal."""

TOPICS = {
    "video.cameras": {
        "events": ["video.status.changed", "video.catalog.updated"],
        "roles": ["video.viewer", "video.operator", "video.approver"],
    },
    "video.plays": {
        "events": ["video.play.*"],
        "roles": ["video.viewer", "video.operator", "video.approver"],
    },
}
