"""Live topics: who may hear that cases moved."""

from __future__ import annotations

TOPICS = {"services": {"events": ["services.case.*"], "roles": ["services.clerk", "services.manager"]}}
