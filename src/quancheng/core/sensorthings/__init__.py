"""OGC SensorThings API 1.1 (OGC 18-088) as pure values: model, paths, queries, times."""
