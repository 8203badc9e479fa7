"""Live topics of quantum-safe links, read by the portal."""

TOPICS = {
    "quantum": {
        "events": ["quantum.link.*", "quantum.line.*"],
        "roles": ["quantum.operator", "quantum.reader"],
    },
}
