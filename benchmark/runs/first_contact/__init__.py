"""A device that was not used before: is it right, what is fastest, then the plan on it."""
