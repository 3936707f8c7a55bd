"""The report: tables, figures and a page, made from records and measurements alone (no data, no GPU, no torch)."""
