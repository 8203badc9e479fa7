"""数据归集 collection: which source brings which table, planned before it is applied, with a place for every refused row."""
