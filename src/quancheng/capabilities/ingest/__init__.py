"""接入: the ways in for what devices say; acknowledged means durable."""
