"""First use of a new device: check that it computes correctly, find the fastest way to train, then train the plan."""
