"""A run's networks on corrupted, mirrored and foreign faces."""
