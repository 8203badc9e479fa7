"""Live topics of collection, read by the portal."""

TOPICS = {
    "collection.runs": {
        "events": ["collection.run.*", "collection.feed.*"],
        "roles": ["collection.officer", "collection.bureau"],
    }
}
