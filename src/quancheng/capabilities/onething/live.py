"""Live topics: one's own bundle moved; the list of the managers."""

from __future__ import annotations

TOPICS = {
    "onething": {"events": ["onething.*"], "roles": [], "owner": "user_id"},
    "onething.desk": {"events": ["onething.*"], "roles": ["onething.manager", "services.manager"]},
}
