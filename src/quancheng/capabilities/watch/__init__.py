"""规则监测 watch: rules over streams of readings, written, tried on the past, approved and run."""
