"""Structured logs, Prometheus metrics, health."""
