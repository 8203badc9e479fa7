"""气象预警 Weather warnings (S31): drafted from observation, approved by another person, published as CAP 1.2."""
