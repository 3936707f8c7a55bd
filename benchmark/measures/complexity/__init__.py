"""Parameters, multiply-adds, FLOPs and latency of a network."""
