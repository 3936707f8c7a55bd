"""The pages that tables and figures are put on: README, claims.md, index.html."""
