"""The page about what the authors' release proves."""
