"""The chapters of the report, one module each. A chapter is about all comparisons."""
