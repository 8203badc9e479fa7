"""指挥调度 Command: one incident, one picture, one task list (G12)."""
