"""基层台账: ledger books of districts, towns and villages; data return, comparison, offline collection."""
