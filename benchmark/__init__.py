"""The fixed protocol: everything that compared models share (see docs/design.md)."""

__version__ = "0.1.0"
