"""Records: the results that runs write, and every number that is computed from records alone. Needs no torch."""
