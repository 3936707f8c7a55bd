"""What is fixed: Protocol, Recipe, Cell and Run, models by name, and which faces play which role."""
