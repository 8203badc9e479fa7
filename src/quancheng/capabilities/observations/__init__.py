"""观测存储 observations: what every sensor of the city said, durable, sorted, asked in milliseconds."""
