"""级联: how catalogue, rows, corrections and heartbeats flow between this node and its neighbours."""
