"""数据质量: rules over tables, findings repaired by the organ they come from, profile, drift, watch (I8)."""
