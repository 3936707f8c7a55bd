"""Eight rooms around a fixed protocol (docs/design.md)."""
