"""Live topics of command, read by the portal."""

_ROLES = ["command.duty", "command.commander", "command.responder"]
TOPICS = {
    "command": {"events": ["command.*"], "roles": _ROLES},
    "command.alarms": {"events": ["things.alarm.*"], "roles": _ROLES},
}
