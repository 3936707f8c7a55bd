"""The reader of Aff-Wild."""
