"""数据表: keyed sets of rows with numbered versions; the one place where the city's rows are written."""
