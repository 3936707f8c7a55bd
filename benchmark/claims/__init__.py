"""Claims: what the papers say, the rules that judge it, and the ledger of verdicts."""
