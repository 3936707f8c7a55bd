"""What else is measured of a network: measure.py (torch) makes a file, file.py reads it without torch."""
