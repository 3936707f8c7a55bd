"""Further measurements of networks. In each package, measure.py (needs torch) writes a file, and file.py reads it without
torch."""
