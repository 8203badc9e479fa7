"""泉城链: the city's verifiable ledger and its alliance."""
