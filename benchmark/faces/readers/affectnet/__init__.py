"""The reader of AffectNet, for each form in which it was released."""
