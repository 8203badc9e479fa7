"""一网通办 One-stop services: from finding a matter to holding its result."""
