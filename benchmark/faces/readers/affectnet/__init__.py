"""AffectNet in each form that it was released in."""
