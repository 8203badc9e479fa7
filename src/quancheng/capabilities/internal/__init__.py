"""机关内部一次办成 Internal one-time handling: staff life cycle, state enterprises, documents, meetings."""
