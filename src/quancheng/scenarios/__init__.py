"""Scenarios of the city: one Django app each."""
