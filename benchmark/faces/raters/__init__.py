"""How well human raters agree about the same faces."""
