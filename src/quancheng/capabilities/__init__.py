"""Shared capabilities: one Django app each."""
