"""量子安全链路: links between nodes keyed by X25519, ML-KEM and quantum key distribution."""
