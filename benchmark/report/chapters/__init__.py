"""Chapters of the report, one module each: what is said over all comparisons."""
