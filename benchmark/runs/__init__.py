"""Runs: which ones, on which machine, for how long; and, in training/, all code that decides their numbers."""
