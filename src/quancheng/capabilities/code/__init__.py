"""泉城码: the citizen code."""
