"""Live topics of tables, read by the portal."""

TOPICS = {"tables": {"events": ["tables.changed"], "roles": ["tables.steward", "tables.bureau"]}}
