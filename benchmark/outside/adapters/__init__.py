"""Adapters that open models trained elsewhere, one module per kind of model."""
