"""Records: what runs leave, and every number that follows from them alone. Never torch."""
