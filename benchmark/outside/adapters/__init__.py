"""The ways in for a model trained elsewhere, one module a kind."""
