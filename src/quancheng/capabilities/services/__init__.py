"""一网通办 One-stop services: a matter is found, understood, applied for, decided and its result handed out."""
