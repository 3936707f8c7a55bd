"""Claims: what the papers say, the rules that judge each claim, and the ledger in which the rules look up records."""
