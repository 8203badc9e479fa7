"""Django backend: SQLite whose write transactions stand in one fair queue."""
