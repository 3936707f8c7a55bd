"""The network under study: one residual family, its shortcuts and the cells that vary them."""
