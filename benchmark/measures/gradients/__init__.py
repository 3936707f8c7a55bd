"""Signal and gradient along a network's units, at the start and through training."""
