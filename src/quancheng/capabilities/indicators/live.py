"""Live topics of indicators, read by the portal."""

TOPICS = {
    "indicators": {"events": ["indicators.computed"], "roles": ["indicators.viewer", "indicators.manager"]}
}
