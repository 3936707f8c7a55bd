"""The page on what the authors' release proves."""
