"""The pages of the report, which show its tables and figures: README.md, claims.md, index.html."""
