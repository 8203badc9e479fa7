"""A tiny app for drills in other processes: handlers that count, crash and fail on request."""
