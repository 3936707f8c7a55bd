"""Runs: which, where, how long, and (training/) all that decides their numbers."""
