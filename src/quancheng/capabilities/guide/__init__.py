"""智惠导服 Guide service (G13): plain questions get a matter, a source, or a person."""
