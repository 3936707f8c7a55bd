"""The report: tables, figures and a page, made from records and complexity alone (no data, no GPU, no torch)."""

from benchmark.report.build import build

__all__ = ["build"]
