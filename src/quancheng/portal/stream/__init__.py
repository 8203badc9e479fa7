"""The live stream's parts: topics, the hub that reads the outbox once for all, who listens."""
