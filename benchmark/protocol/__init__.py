"""What is fixed in a comparison: Protocol, Recipe, Cell and Run, models by name, and which faces have which role."""
