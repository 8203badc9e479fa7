"""数据目录: what the city's government holds: entries, items, versions, duties, demands, full text (I8)."""
