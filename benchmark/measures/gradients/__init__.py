"""Signal and gradient along the residual units of a network, at initialisation and during training."""
