"""The pages of the report, which show its tables and figures: the site in HTML, and the same in Markdown."""
