"""The 7·18 drill: scenery, frames, seats, reconciliation, report."""
