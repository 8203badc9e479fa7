"""Databases: SQLite with one fair write queue by default, PostgreSQL by URL."""
